"""The seven points of a healthy portfolio: what its document proves, what it only plans, and what is missing."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from schemas.models import SERVING
from schemas.portfolio import Portfolio
from schemas.references import ALWAYS_RUN, Path
from schemas.upkeep import Rhythm
from schemas.vocabulary import EMBEDDINGS
from services.console.domain.findings import written
from services.console.domain.prudence import VENDORS_OF_A_CRITICAL_LANE, vendors_of

WEEK, MONTH = 7, 31


class State(StrEnum):
    """``planned``: the document says who does it and when; that it is done, no document proves."""

    PROVED = "proved"
    PLANNED = "planned"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Point:
    """One of the seven. ``path``: where the document would say it; ``remedy``: what to write, where it is missing."""

    name: str
    state: State
    says: str
    path: str
    remedy: str | None = None

    def as_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def seven_points(portfolio: Portfolio) -> tuple[Point, ...]:
    """All seven, in their order."""
    return (
        _two_paths(portfolio),
        _by_task(portfolio),
        _validators(portfolio),
        _escalations(portfolio),
        _evaluation(portfolio),
        _costs(portfolio),
        _rollback(portfolio),
    )


def _two_paths(portfolio: Portfolio) -> Point:
    name = "two model paths for critical work"
    critical = {lane: entry for lane, entry in portfolio.lanes.items() if portfolio.is_critical(entry)}
    for lane, entry in critical.items():
        if len(vendors_of(portfolio, entry)) < VENDORS_OF_A_CRITICAL_LANE:
            return _missing(
                name,
                f"lane {lane} has not two vendors that may see data of the default class",
                ("lanes", lane, "tiers"),
                "add an active model of another vendor, where such data may go",
            )
    says = f"two vendors at least in {_named(critical)}" if critical else "no lane serves critical work"
    return _proved(name, says, ("lanes",))


def _by_task(portfolio: Portfolio) -> Point:
    name = "routing by task, not by habit"
    at_home = {task: lane for lane, entry in portfolio.lanes.items() for task in entry.tasks}
    if homeless := [task for task in portfolio.tasks if task not in at_home]:
        says, remedy = f"no lane names {_named(homeless)}", "name each in the tasks of the lane that serves it"
        return _missing(name, says, ("tasks", homeless[0]), remedy)
    if len(set(at_home.values())) < len(portfolio.lanes) or len(at_home) < len(("one", "another")):
        says = "a lane without tasks, or fewer than two tasks: requests are sent by who asks, not by what is asked"
        return _missing(name, says, ("tasks",), "describe the tasks under tasks, and name each in one lane")
    return _proved(name, f"{len(at_home)} tasks, each in one of {len(portfolio.lanes)} lanes", ("tasks",))


def _validators(portfolio: Portfolio) -> Point:
    name = "validators before acceptance"
    for lane, entry in portfolio.lanes.items():
        if not entry.check_names - ALWAYS_RUN:
            says = f"lane {lane} accepts whatever is neither empty, cut off nor refused"
            return _missing(name, says, ("lanes", lane, "checks"), "give it checks, such as [format] or [agreement]")
    checks = {check for entry in portfolio.lanes.values() for check in entry.check_names}
    return _proved(name, f"every lane has one: {_named(sorted(checks))}", ("lanes",))


def _escalations(portfolio: Portfolio) -> Point:
    rhythm = portfolio.upkeep.escalations if portfolio.upkeep else None
    name = "escalation reasons logged and reviewed weekly"
    looks = "the ledger logs them, and `portfolio summary --since 7d` shows them"
    return _reviewed(name, rhythm, WEEK, "escalations", looks)


def _costs(portfolio: Portfolio) -> Point:
    rhythm = portfolio.upkeep.costs if portfolio.upkeep else None
    name = "cost per successful outcome reviewed monthly"
    return _reviewed(name, rhythm, MONTH, "costs", "`portfolio summary --since 30d` shows it")


def _reviewed(name: str, rhythm: Rhythm | None, most_days: int, key: str, looks: str) -> Point:
    path: Path = ("upkeep", key)
    remedy = f"write upkeep: {{{key}: {{owner: <who>, every_days: {min(most_days, 30)}}}}}"
    if rhythm is None:
        return _missing(name, f"nobody is named who looks at them; {looks}", path, remedy)
    if rhythm.every_days > most_days:
        return _missing(name, f"{rhythm.owner} looks every {rhythm.every_days} days only", path, remedy)
    return _planned(name, f"{rhythm.owner}, every {rhythm.every_days} days; {looks}", path)


def _evaluation(portfolio: Portfolio) -> Point:
    found = portfolio.upkeep.evaluation if portfolio.upkeep else None
    name = "an evaluation set from own production"
    path: Path = ("upkeep", "evaluation")
    if found is None:
        remedy = "write upkeep: {evaluation: {set: <where>, owner: <who>, every_days: 30}}"
        return _missing(name, "no set is named", path, remedy)
    return _planned(name, f"{found.set}; {found.owner} runs it every {found.every_days} days", path)


def _rollback(portfolio: Portfolio) -> Point:
    """No model takes the place of one that only embeds: another's vectors could not be compared with what is stored."""
    name = "a rollback plan for each model dependency"
    used = {model for lane in portfolio.lanes.values() for model in lane.models}
    depended = [
        model
        for model, entry in portfolio.models.items()
        if model in used and entry.lifecycle in SERVING and set(entry.abilities) != {EMBEDDINGS}
    ]
    if alone := [model for model in depended if not _is_replaced(portfolio, model)]:
        says = f"nothing that serves is named to take the place of {_named(alone)}"
        remedy = f"write rollback_to: <another model that serves> at {_named(alone)}"
        return _missing(name, says, ("models", alone[0], "rollback_to"), remedy)
    return _proved(name, f"{_named(depended)}: each names what takes its place", ("models",))


def _is_replaced(portfolio: Portfolio, model: str) -> bool:
    target = portfolio.models[model].rollback_to
    return target is not None and portfolio.models[target].lifecycle in SERVING


def _proved(name: str, says: str, path: Path) -> Point:
    return Point(name, State.PROVED, says, written(path))


def _planned(name: str, says: str, path: Path) -> Point:
    return Point(name, State.PLANNED, says, written(path))


def _missing(name: str, says: str, path: Path, remedy: str) -> Point:
    return Point(name, State.MISSING, says, written(path), remedy)


def _named(names: Iterable[str]) -> str:
    return ", ".join(names)
