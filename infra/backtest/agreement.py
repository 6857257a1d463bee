"""Whether two roads of one question are the same in all but their times. Pure."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from services.console.domain.road import Road, Step, Turn

NOTHING = "nothing"


def differences(fast: Road, real: Road) -> Iterator[str]:
    """In words: what the fast loop did, and what the pipeline did."""
    for number, (ours, theirs) in enumerate(zip_longest(map(_told, fast.steps), map(_told, real.steps)), 1):
        yield from _between(f"attempt {number}", ours, theirs)
    for number, (ours, theirs) in enumerate(zip_longest(map(_turn, fast.turns), map(_turn, real.turns)), 1):
        yield from _between(f"turn {number}", ours, theirs)
    yield from _between("the end", _end(fast), _end(real))
    if _text(fast) != _text(real):
        yield "the end: another answer"


def _between(what: str, ours: dict[str, Any] | None, theirs: dict[str, Any] | None) -> Iterator[str]:
    if ours is None or theirs is None:
        if ours != theirs:
            yield f"{what}: {_words(ours)} in the loop, {_words(theirs)} through Kafka"
        return
    for name, value in ours.items():
        if value != theirs[name]:
            yield f"{what}: {name} is {_words(value)} in the loop, {_words(theirs[name])} through Kafka"


def _words(value: Any) -> str:
    return NOTHING if value in (None, "") else str(value)


def _told(step: Step) -> dict[str, Any]:
    return {
        "model": step.model,
        "provider": step.provider,
        "role": step.role,
        "tier": step.tier,
        "verdict": str(step.verdict),
        "reason": step.reason,
        "checks": ", ".join(f"{check.name} {check.verdict}" for check in step.checks),
        "cost in micro-dollars": step.cost_micro_usd,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {"action": turn.action, "reason": turn.reason}


def _end(road: Road) -> dict[str, Any] | None:
    if road.end is None:
        return None
    end = road.end
    return {"status": end.status, "reason": end.reason, "model": end.model, "cost in micro-dollars": end.cost_micro_usd}


def _text(road: Road) -> Any:
    """An answer is content: only whether it is the same is told."""
    return road.end.answer if road.end else None
