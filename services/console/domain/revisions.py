"""Which revision of the portfolio is in force, which comes next, and what that changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from schemas.portfolio import Portfolio
from schemas.references import Path
from schemas.standing import PortfolioRevised
from services.console.domain.failures import Refused
from services.console.domain.findings import written

ABSENT = object()
NONE_YET = "none"
"""What ``--expect`` says for: no portfolio has been applied yet."""


@dataclass(frozen=True, slots=True)
class History:
    """The revisions that stand on ``portfolio.revised``, by name, and the one in force."""

    revisions: Mapping[str, PortfolioRevised]
    current: PortfolioRevised | None

    @property
    def in_force(self) -> str:
        """The revision in force; ``none`` before the first."""
        return self.current.revision if self.current else NONE_YET

    def ordered(self) -> list[PortfolioRevised]:
        """By when each was last applied, the latest first."""
        return sorted(self.revisions.values(), key=lambda each: each.number, reverse=True)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who revises, when, and why."""

    author: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs; ``before`` or ``after`` is ``None`` where the entry is absent."""

    path: str
    before: str | None
    after: str | None


def history(events: Iterable[PortfolioRevised]) -> History:
    """What the topic's events add up to. The pointer only moves forward."""
    revisions: dict[str, PortfolioRevised] = {}
    current: PortfolioRevised | None = None
    for event in events:
        if event.current:
            current = event if current is None or event.number >= current.number else current
        else:
            revisions[event.revision] = event
    return History(revisions, current)


def applied(
    past: History, portfolio: Portfolio, expected: str, signature: Signature
) -> tuple[PortfolioRevised, PortfolioRevised]:
    """The events that put a portfolio in force: the revision, then the pointer. Raises :class:`Refused`."""
    _as_expected(past, expected)
    revision = _event(past, portfolio, signature)
    return revision, revision.model_copy(update={"current": True})


def rolled_back(past: History, revision: str | None, expected: str, signature: Signature) -> PortfolioRevised:
    """The pointer to an older revision; without a name, to what was in force before. Raises :class:`Refused`."""
    _as_expected(past, expected)
    target = _named(past, revision) if revision else _before(past)
    if target.revision == past.in_force:
        raise Refused(f"revision {target.revision} is in force already")
    return _event(past, target.portfolio, signature).model_copy(update={"current": True})


def _as_expected(past: History, expected: str) -> None:
    if past.in_force != expected:
        raise Refused(f"revision {past.in_force} is in force, not {expected}: look at it, then apply again")


def _named(past: History, revision: str) -> PortfolioRevised:
    found = [each for name, each in past.revisions.items() if name.startswith(revision)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f'"{revision}" is the beginning of {len(found)} revisions: give more of it')
    known = ", ".join(each.revision for each in past.ordered()[:8]) or "none"
    raise Refused(f"there is no revision {revision}; there is {known}")


def _before(past: History) -> PortfolioRevised:
    now = past.revisions.get(past.in_force)
    if now and now.replaces and now.replaces in past.revisions:
        return past.revisions[now.replaces]
    # It was applied by a release that did not tell.
    older = [each for each in past.ordered() if now is None or each.number < now.number]
    if past.current is None or not older:
        raise Refused(f"there is no revision before {past.in_force}")
    return older[0]


def _event(past: History, portfolio: Portfolio, signature: Signature) -> PortfolioRevised:
    return PortfolioRevised(
        revision=portfolio.digest(),
        number=past.current.number + 1 if past.current else 1,
        portfolio=portfolio,
        revised_at=signature.at,
        author=signature.author,
        note=signature.note,
        replaces=past.current.revision if past.current else None,
    )


def changes(before: Portfolio | None, after: Portfolio) -> list[Change]:
    """Every entry that differs, in the order of the new document."""
    old = dict(_leaves(before.model_dump(mode="json", exclude_none=True), ())) if before else {}
    new = dict(_leaves(after.model_dump(mode="json", exclude_none=True), ()))
    paths = [*new, *(path for path in old if path not in new)]
    told = ((path, old.get(path, ABSENT), new.get(path, ABSENT)) for path in paths)
    return [Change(written(path), _shown(was), _shown(now)) for path, was, now in told if was != now]


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for name, item in cast("dict[str, Any]", value).items():
            yield from _leaves(item, (*path, name))
    else:
        yield path, value


def _shown(value: object) -> str | None:
    return None if value is ABSENT else str(value)
