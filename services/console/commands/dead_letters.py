"""``dead-letters``: what services could not process, listed, shown, replayed and dropped."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from schemas.content import Json
from services.console.adapters.dead_letter_topics import DeadLetterTopics
from services.console.adapters.terminal.letters import letter_view, letters_table
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, KafkaAt, console_app, user_name
from services.console.domain.dead_letters import (
    LEASE,
    Act,
    Case,
    Choice,
    Docket,
    State,
    letter_name,
    letter_service,
)
from services.console.domain.failures import CannotReach, Misused, Refused
from services.console.domain.since import since as moment

SEALED_MARK = '"key_id"'
AT_ONCE = 100
"""Letters claimed and replayed together: few enough to be done long before their claims are over."""
Names = Annotated[list[str] | None, typer.Argument(metavar="LETTER...", help="Letters, such as profiler@12.")]
Service = Annotated[str | None, typer.Option("--service", help="Only what this service put aside.")]
Topic = Annotated[str | None, typer.Option("--topic", help="Only what came from this topic.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only with this reason, such as handler_error.")]
Since = Annotated[str | None, typer.Option("--since", help="Only those put aside since: a time, or 30m, 24h, 7d.")]
Everything = Annotated[bool, typer.Option("--all", help="Every open letter.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Author = Annotated[str | None, typer.Option("--author", help="Who; your user name unless told.")]


def listing(
    service: Service = None,
    topic: Topic = None,
    reason: Reason = None,
    since: Since = None,
    settled: Annotated[bool, typer.Option("--settled", help="Those replayed and dropped, too.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """List what services could not process.

    Open letters, unless told otherwise. Never prints content.

    \b
    Examples:
      portfolio dead-letters list
      portfolio dead-letters list --service model_worker --reason handler_error --since 24h --json
    """
    choice = choice_of(None, service, topic, reason, since)
    cases = asyncio.run(find(console_app(kafka=kafka), choice))
    told = [told_of(case) for case in listed(cases, settled=settled)]
    Screen(as_json=as_json).show(letters_table(told) if told else "No dead letters.", told)


def show(
    letter: Annotated[str, typer.Argument(metavar="LETTER", help="A letter, such as profiler@12.")],
    content: Annotated[bool, typer.Option("--content", help="Its value too, which may hold a prompt.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Show one dead letter: where it came from, why, and what became of it.

    \b
    Examples:
      portfolio dead-letters show profiler@12
      portfolio dead-letters show profiler@12 --content
    """
    told = asyncio.run(tell(console_app(kafka=kafka), letter, with_content=content))
    Screen(as_json=as_json).show(letter_view(told), told)


def replay(
    letters: Names = None,
    service: Service = None,
    topic: Topic = None,
    reason: Reason = None,
    since: Since = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    author: Author = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Publish letters again, as they came, to the topics they came from.

    Each is replayed once, however often this is called. Every service that hears the topic hears the event again.

    \b
    Examples:
      portfolio dead-letters replay profiler@12
      portfolio dead-letters replay --service ledger --reason handler_error --dry-run
    """
    choice = choice_of(letters, service, topic, reason, since, everything)
    told = asyncio.run(settle(console_app(kafka=kafka), choice, Act.REPLAYED, user_name(author), dry_run))
    Screen(as_json=as_json).show(letters_table(told, outcome=True) if told else "No such letters are open.", told)


def drop(
    letters: Names = None,
    service: Service = None,
    topic: Topic = None,
    reason: Reason = None,
    since: Since = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    author: Author = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Say that letters will not be replayed.

    They are not listed any more. Kafka removes them when their topic's retention is over, and not before.

    \b
    Examples:
      portfolio dead-letters drop profiler@12
      portfolio dead-letters drop --service profiler --reason not_json --dry-run
    """
    choice = choice_of(letters, service, topic, reason, since, everything)
    told = asyncio.run(settle(console_app(kafka=kafka), choice, Act.DROPPED, user_name(author), dry_run))
    Screen(as_json=as_json).show(letters_table(told, outcome=True) if told else "No such letters are open.", told)


async def find(app: ConsoleApp, choice: Choice) -> list[Case]:
    """The cases that are meant. Raises :class:`Refused` for a letter that is named and not there."""
    async with await app.dead_letters() as topics:
        return await _found(topics, choice, Docket())


async def tell(app: ConsoleApp, letter: str, *, with_content: bool) -> Json:
    """All that is known of one letter."""
    name = letter_name(letter)
    async with await app.dead_letters() as topics:
        [case] = await _found(topics, Choice(names=(name,)), Docket())
        told = told_of(case)
        if with_content:
            value = await topics.content(name)
            told["content"] = None if value is None else await _readable(app, value.decode(errors="replace"))
        return told


async def _readable(app: ConsoleApp, text: str) -> str:
    """The content with what is sealed in it in the open, where it holds such, and that can be had here."""
    if SEALED_MARK not in text:
        return text
    try:
        return json.dumps(await app.sealed.whole(json.loads(text)), ensure_ascii=False)
    except (ValueError, Refused, CannotReach):
        return text


async def settle(app: ConsoleApp, choice: Choice, act: Act, by: str, dry_run: bool) -> list[Json]:
    """Replay or drop those that are meant and open, and say of each what came of it."""
    run = uuid4().hex
    work = _replay_some if act is Act.REPLAYED else _drop_some
    async with await app.dead_letters() as topics:
        docket = Docket()
        cases = await _found(topics, choice, docket)
        before = datetime.now(UTC)
        mine = [case for case in cases if case.state(before) is State.OPEN]
        for first in range(0, 0 if dry_run else len(mine), AT_ONCE):
            await work(topics, docket, mine[first : first + AT_ONCE], run, by)
    chosen = cases if choice.names else mine
    return [told_of(case) | {"outcome": _outcome(case, act, run, before)} for case in chosen]


async def _replay_some(topics: DeadLetterTopics, docket: Docket, cases: Sequence[Case], run: str, by: str) -> None:
    """Claim, read back who holds them, publish, and say so.

    Kafka has no compare-and-set, so two at the same moment must notice each other; and what a run that broke off
    had published already is found by its mark.
    """
    try:
        async with asyncio.timeout(LEASE.total_seconds() / 2):
            await _add(topics, docket, cases, Act.CLAIMED, run, by)
            held = [case for case in cases if case.end is None and case.holder and case.holder.run == run]
            there = await topics.marked([case for case in held if case.first_claim is not case.holder])
            await topics.replay([case.letter for case in held if case.letter.name not in there])
            await _add(topics, docket, held, Act.REPLAYED, run, by)
    except TimeoutError:
        raise CannotReach("Kafka is slow: some letters are not replayed yet, and can be in a minute") from None


async def _drop_some(topics: DeadLetterTopics, docket: Docket, cases: Sequence[Case], run: str, by: str) -> None:
    await _add(topics, docket, cases, Act.DROPPED, run, by)


async def _add(topics: DeadLetterTopics, docket: Docket, cases: Sequence[Case], act: Act, run: str, by: str) -> None:
    """Say it, and hear what stands there now."""
    await topics.add([case.letter.name for case in cases], act, run, by)
    await topics.read({case.letter.name.service for case in cases}, docket)


async def _found(topics: DeadLetterTopics, choice: Choice, docket: Docket) -> list[Case]:
    await topics.read(choice.services, docket)
    if missing := [str(name) for name in choice.names if name not in docket.cases]:
        raise Refused(f"there is no letter {', '.join(missing)}: `portfolio dead-letters list --settled` names all")
    return choice.of(docket.cases.values())


def listed(cases: Sequence[Case], *, settled: bool) -> list[Case]:
    """Those that wait to be settled; the others, too, where ``settled``."""
    now = datetime.now(UTC)
    return [case for case in cases if settled or case.state(now) in (State.OPEN, State.REPLAYING)]


def choice_of(
    letters: Sequence[str] | None = None,
    service: str | None = None,
    topic: str | None = None,
    reason: str | None = None,
    since: str | None = None,
    everything: bool = True,
) -> Choice:
    """Which letters an operator means by these words. Raises :class:`Misused`."""
    choice = Choice(
        names=tuple(map(letter_name, letters or ())),
        service=letter_service(service) if service else None,
        topic=topic,
        reason=reason,
        since=moment(since, datetime.now(UTC)) if since else None,
    )
    if choice.is_everything and not everything:
        raise Misused("say which: letters, a filter, or --all")
    return choice


def _outcome(case: Case, act: Act, run: str, before: datetime) -> str:
    if case.end is not None:
        return case.end.act.value if case.end.run == run else f"was {case.end.act} by {case.end.by} before"
    if case.holder is not None and case.is_held(before):
        return f"is being replayed by {case.holder.by}"
    return f"would be {act}"


def told_of(case: Case) -> Json:
    """Plain data, without content."""
    letter, end = case.letter, case.end
    return {
        "letter": str(letter.name),
        "at": letter.at.isoformat(),
        "state": case.state(datetime.now(UTC)).value,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": None if letter.key is None else letter.key.decode(errors="replace"),
        "bytes": letter.size,
        "headers": list(letter.headers),
        "replay_of": letter.replay_of,
        "settled_by": end.by if end else None,
        "settled_at": end.at.isoformat() if end else None,
    }


COMMANDS = {"list": listing, "show": show, "replay": replay, "drop": drop}
