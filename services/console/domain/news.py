"""What is new on a road, line by line: for following requests on a terminal, or in a log."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.money import usd_from_micro
from services.console.domain.road import Late, Road, Step, Turn, Verdict, came_late

MOODS = {Verdict.ACCEPTED: "good", Verdict.REJECTED: "bad", Verdict.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """``mood`` is good, bad, or neither."""

    text: str
    mood: str = ""


def news(before: Road, after: Road) -> list[Line]:
    """The lines that tell what ``after`` knows and ``before`` does not. Each thing is told once, when it is known."""
    lines = list(_profiled(before, after))
    known_turns = {turn.number for turn in before.turns}
    known_steps = {step.number: step for step in before.steps}
    lines += [_of_turn(turn) for turn in after.turns if turn.number not in known_turns]
    for step in after.steps:
        known = known_steps.get(step.number)
        if (known is None or known.verdict is not step.verdict) and step.verdict is not Verdict.ANSWERED:
            lines.append(_of_step(step))
    known_late = {late.number for late in before.late}
    return lines + [_of_late(late) for late in after.late if late.number not in known_late]


def _profiled(before: Road, after: Road) -> Iterator[Line]:
    if after.task_why and not before.task_why:
        yield Line(f"task {after.task} ({after.task_why}), lane {after.lane}")


def _of_turn(turn: Turn) -> Line:
    return Line(f"attempt {turn.number} is asked for: {turn.action}, because {turn.reason}")


def _of_step(step: Step) -> Line:
    who = path_of(step)
    if step.verdict is Verdict.RUNNING:
        return Line(f"attempt {step.number}: {who}, {step.role}: {step.why or 'dispatched'}")
    told = [f"attempt {step.number}: {who} {step.verdict}"]
    told += [reason_of(step)] if step.reason else []
    told += [f"${usd_from_micro(step.cost_micro_usd)}, {step.latency_ms} ms"] if step.latency_ms is not None else []
    return Line("; ".join(told), MOODS.get(step.verdict, ""))


def _of_late(late: Late) -> Line:
    came = came_late(late.reason, late.late_ms)
    return Line(
        f"attempt {late.number}: {late.model} at {late.provider} {came}; ${usd_from_micro(late.cost_micro_usd)}"
    )


def path_of(step: Step) -> str:
    """Which model at which provider an attempt went to."""
    return f"{step.model} at {step.provider}" if step.model else "no model"


def reason_of(step: Step) -> str:
    """The reason, and the place and the detail of the check that failed."""
    failed = next((check for check in step.checks if check.verdict == "fail"), None)
    detail = (failed.detail if failed else None) or step.detail or ""
    place = f" at {failed.at}" if failed and failed.at and failed.at not in detail else ""
    return f"{step.reason}{place}" + (f": {detail}" if detail else "")
