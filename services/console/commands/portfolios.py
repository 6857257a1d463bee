"""``check``, ``apply`` and ``rollback``: the portfolio document, judged, put in force, and taken back."""

import asyncio
import pathlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from schemas.portfolio import Portfolio
from schemas.references import Path
from schemas.standing import PortfolioRevised
from schemas.topics import topics_of
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.files import text_of
from services.console.commands.options import AsJson, KafkaAt, console_app, user_name
from services.console.config import variables_set
from services.console.domain.diagnosis import Health, of_workers
from services.console.domain.failures import Misused, Refused
from services.console.domain.findings import Finding, Place, Severity, written
from services.console.domain.portfolio_file import Reading, read
from services.console.domain.prudence import advice, on_sealing
from services.console.domain.revisions import Change, Signature, applied, changes, rolled_back
from services.console.domain.seven_points import Point, State, seven_points

SEALING_KEYS = "SEALING_KEYS"
FILE = pathlib.Path("portfolio.yaml")
File = Annotated[pathlib.Path, typer.Argument(help="The portfolio document.")]
Note = Annotated[str | None, typer.Option("--note", help="Why; kept with the revision.")]
Author = Annotated[str | None, typer.Option("--author", help="Who; your user name unless told.")]
Healthy = Annotated[bool, typer.Option("--healthy", help="Fail when one of the seven points is missing, too.")]
Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="REVISION", help="Refuse unless this one is in force; `none` before the first."),
]


def check(file: File = FILE, healthy: Healthy = False, as_json: AsJson = False) -> None:
    """Say what is wrong in a portfolio.

    Errors name the line and the nearest right word; advice says what is valid and unwise. Then the seven points of a
    healthy portfolio: what the document proves, what it plans, and what is missing, with the remedy.

    \b
    Exit codes: 0 valid; 1 not valid, or a point is missing and --healthy was given; 2 no such file.

    \b
    Examples:
      portfolio check
      portfolio check examples/portfolio.live.yaml --json
      portfolio check --healthy
    """
    reading = read_portfolio(file)
    findings = findings_of(reading)
    points = seven_points(reading.portfolio) if reading.portfolio else ()
    missing = [point for point in points if point.state is State.MISSING]
    screen = Screen(as_json=as_json)
    if as_json:
        screen.tell(
            {
                "file": str(file),
                "valid": reading.portfolio is not None,
                "healthy": bool(points) and not missing,
                "findings": [finding.as_json() for finding in findings],
                "points": [point.as_json() for point in points],
            }
        )
    for finding in findings:
        screen.say(
            f"{finding.line(str(file))} [{finding.severity}]", "bad" if finding.severity is Severity.ERROR else ""
        )
    if reading.portfolio is None:
        wrong = len(reading.findings)
        raise Refused(f"{file}: {wrong} error{'s' if wrong > 1 else ''}", told=True)
    screen.say(f"{file}: valid, revision {reading.portfolio.digest()}", "good")
    for number, point in enumerate(points, 1):
        screen.say(_shown(number, point, file), "bad" if point.state is State.MISSING else "")
    if healthy and missing:
        raise Refused(f"{file}: {len(missing)} of {len(points)} points are missing", told=True)


def apply(
    file: File = FILE,
    expect: Expect = None,
    note: Note = None,
    author: Author = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Put a portfolio in force.

    Topics of new providers are created first. Refused when another revision than the expected one is in force.

    \b
    Examples:
      portfolio apply
      portfolio apply portfolio.yaml --expect 568a405d1e8e --note "a second vendor for critical"
    """
    reading = read_portfolio(file)
    if reading.portfolio is None:
        raise _not_valid(file, reading)
    told = asyncio.run(put_in_force(console_app(kafka=kafka), reading, expect, _signature(author, note)))
    screen = Screen(as_json=as_json)
    if as_json:
        screen.tell(told)
        return
    for name in told["topics_created"]:
        screen.say(f"topic {name} created")
    for each in told["changes"]:
        screen.say(f"  {each['path']}: {each['before'] or '(absent)'} → {each['after'] or '(gone)'}")
    changed = "is in force" if told["applied"] else "was in force already: nothing was published"
    screen.say(f"revision {told['revision']} (number {told['number']}) {changed}; before: {told['before']}", "good")
    _tell_of_workers(screen, told)


def rollback(
    revision: Annotated[
        str | None, typer.Argument(help="The revision, or its beginning; else what was in force before.")
    ] = None,
    expect: Expect = None,
    note: Note = None,
    author: Author = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Put an older revision in force again.

    \b
    Examples:
      portfolio rollback
      portfolio rollback 568a405d1e8e --note "the new model refuses too much"
    """
    told = asyncio.run(take_back(console_app(kafka=kafka), revision, expect, _signature(author, note)))
    says = f"revision {told['revision']} (number {told['number']}) is in force again; before: {told['before']}"
    screen = Screen(as_json=as_json)
    screen.show(says, told)
    if not as_json:
        _tell_of_workers(screen, told)


def _tell_of_workers(screen: Screen, told: dict[str, Any]) -> None:
    found = of_workers(told["without_worker"], ())
    if found.health is not Health.GOOD:
        screen.say(f"{found.says}: requests pass their models over until one is; {found.remedy}", "bad")


def read_portfolio(file: pathlib.Path) -> Reading:
    """Read and judge a file. Raises :class:`Misused` when there is no such text."""
    try:
        return read(text_of(file))
    except Misused as failure:
        if not isinstance(failure.__cause__, FileNotFoundError):
            raise
        raise Misused(f"{failure}: name the document, or write a first one with `portfolio init`") from None


def valid_portfolio(file: pathlib.Path) -> Portfolio:
    """The portfolio of a file. Raises as :func:`read_portfolio`, and :class:`Refused` with all that is wrong in it."""
    reading = read_portfolio(file)
    if reading.portfolio is None:
        raise _not_valid(file, reading)
    return reading.portfolio


def _not_valid(file: pathlib.Path, reading: Reading) -> Refused:
    return Refused("\n".join(finding.line(str(file)) for finding in reading.findings))


async def put_in_force(app: ConsoleApp, reading: Reading, expect: str | None, signature: Signature) -> dict[str, Any]:
    """Apply a portfolio, unless it is in force already. Raises :class:`Refused` where another than ``expect`` is."""
    portfolio = reading.portfolio
    if portfolio is None:
        raise Refused("the portfolio is not valid")
    past = await app.history()
    events = applied(past, portfolio, expect or past.in_force, signature)
    same = past.in_force == portfolio.digest()
    created = await app.create_topics(topics_of(portfolio))
    if not same:
        await _publish(app, events)
    before = past.current
    return {
        "applied": not same,
        "revision": portfolio.digest(),
        "number": before.number if same and before else events[1].number,
        "before": past.in_force,
        "topics_created": created,
        "without_worker": await _without_worker(app, portfolio),
        "changes": [_told(each) for each in changes(before.portfolio, portfolio)] if before else [],
    }


async def take_back(app: ConsoleApp, revision: str | None, expect: str | None, signature: Signature) -> dict[str, Any]:
    """Put an older revision in force again. Raises :class:`Refused`."""
    past = await app.history()
    event = rolled_back(past, revision, expect or past.in_force, signature)
    await _publish(app, [event])
    return {
        "revision": event.revision,
        "number": event.number,
        "before": past.in_force,
        "without_worker": await _without_worker(app, event.portfolio),
    }


async def _without_worker(app: ConsoleApp, portfolio: Portfolio) -> list[str]:
    """Its providers whose models nobody can call now."""
    return sorted(set(portfolio.providers) - await app.ready_providers())


async def _publish(app: ConsoleApp, events: Sequence[PortfolioRevised]) -> None:
    """Publish, then read back: Kafka has no compare-and-set, so two at the same moment must notice each other."""
    await app.say(events)
    now = (await app.history()).current
    if now is None or now.revision != events[-1].revision:
        winner = f"{now.revision} of {now.author}" if now else "none"
        raise Refused(f"another revision was applied at the same moment, and is in force: {winner}")


def findings_of(reading: Reading) -> list[Finding]:
    """What is wrong; else what is unwise."""
    if reading.portfolio is None:
        return list(reading.findings)
    has_keys = SEALING_KEYS in variables_set()
    told = [*advice(reading.portfolio, datetime.now(UTC).date()), *on_sealing(reading.portfolio, has_keys=has_keys)]
    return [Finding(Severity.ADVICE, _place(reading, each.path), written(each.path), each.says) for each in told]


def _place(reading: Reading, path: Path) -> Place:
    """An entry is looked for at its key; an item of a list has none."""
    return reading.document.place(path, of_key=isinstance(path[-1], str))


def _shown(number: int, point: Point, file: pathlib.Path) -> str:
    mend = f"; {file}, {point.path}: {point.remedy}" if point.remedy else ""
    return f"  {number} {point.state:<8} {point.name}: {point.says}{mend}"


def _signature(author: str | None, note: str | None) -> Signature:
    return Signature(user_name(author), datetime.now(UTC), note)


def _told(change: Change) -> dict[str, str | None]:
    return {"path": change.path, "before": change.before, "after": change.after}


COMMANDS = (check, apply, rollback)
