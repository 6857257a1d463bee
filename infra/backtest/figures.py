"""What a backtest came to, by the recorded verdicts, each figure with its 95 % interval. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.evals.latency import SPEEDS, seconds
from infra.evals.planner import p95
from infra.evals.study import Figure, figure, share
from infra.local.following import Roads
from infra.local.recorded.material import QuestionSet
from infra.local.recorded.question import Question
from infra.local.recorded.scoring import Score, accepted_of, score
from schemas.money import usd_from_micro


@dataclass(frozen=True, slots=True)
class Line:
    """One question: what the portfolio made of it, and what the strongest model of its lane did. Micro-dollars.

    ``seconds`` are modelled, one call after the other; ``None`` where a model's speed is unknown.
    """

    id: str
    accepted: bool
    right: bool
    cost: int
    strongest_right: bool
    strongest_cost: int
    seconds: float | None = None
    strongest_seconds: float | None = None


Lines = Sequence[Line]


@dataclass(frozen=True, slots=True)
class Found:
    """A set's questions one by one, and summed up."""

    lines: Lines
    score: Score
    figures: Mapping[str, Figure]

    @property
    def name(self) -> str:
        return self.score.name


def found_of(each: QuestionSet, roads: Roads) -> Found:
    """Join each question's road with the recorded verdicts."""
    ends = [(question, roads[str(request_id)]) for request_id, question in each.asked.items()]
    strongest, recorded = each.ladder[-1], {rung.model: rung.recorded for rung in each.ladder}
    lines = list[Line]()
    for question, road in ends:
        answer = accepted_of(each.ladder, question, road)
        lines.append(
            Line(
                id=question.id,
                accepted=answer is not None,
                right=answer is not None and answer.right,
                cost=road.cost_micro_usd,
                strongest_right=question.answers[strongest.recorded].right,
                strongest_cost=strongest.cost_micro_usd(question),
                seconds=_seconds(question, [recorded[step.model] for step in road.steps if step.model]),
                strongest_seconds=_seconds(question, [strongest.recorded]),
            )
        )
    return Found(lines, score(each.name, each.ladder, ends), figures(lines))


def _seconds(question: Question, asked: Sequence[str]) -> float | None:
    if any(model not in SPEEDS for model in asked):
        return None
    return sum(seconds(model, question.id, len(question.answers[model].text)) for model in asked)


def gain_points(lines: Lines) -> float:
    """Percentage points over the strongest, question by question."""
    return 100 * sum(line.right - line.strongest_right for line in lines) / len(lines)


def cost_share(lines: Lines) -> float:
    """Of what the strongest would have cost."""
    return sum(line.cost for line in lines) / max(1, sum(line.strongest_cost for line in lines))


def figures(lines: Lines) -> dict[str, Figure]:
    """All of a set, by name. No latency where a model's speed is unknown."""
    told = {
        "accepted": share([line.accepted for line in lines]),
        "success": share([line.right for line in lines]),
        "strongest_success": share([line.strongest_right for line in lines]),
        "gain_points": figure(lines, gain_points),
        "cost_share": figure(lines, cost_share),
    }
    pairs = ((line.seconds, line.strongest_seconds) for line in lines)
    times = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    return told | latency(times) if len(times) == len(lines) else told


def latency(times: Sequence[tuple[float, float]]) -> dict[str, Figure]:
    """The 95th percentile of both sides, modelled, and the change."""
    return {
        "p95_s": figure(times, lambda part: p95([ours for ours, _ in part])),
        "strongest_p95_s": figure(times, lambda part: p95([theirs for _, theirs in part])),
        "p95_change": figure(times, lambda part: p95([o for o, _ in part]) / p95([t for _, t in part]) - 1),
    }


@dataclass(frozen=True, slots=True)
class Changed:
    """What another portfolio would have done on the same questions: this one, less that one."""

    name: str
    success_points: Figure
    cost: Figure
    better: tuple[str, ...]
    worse: tuple[str, ...]


def changed(now: Found, other: Found) -> Changed:
    """``better`` and ``worse``: the questions that this one alone has right, or that one alone."""
    pairs = list(zip(now.lines, other.lines, strict=True))
    return Changed(
        name=now.name,
        success_points=figure(pairs, lambda part: 100 * sum(a.right - b.right for a, b in part) / len(part)),
        cost=figure(pairs, lambda part: sum(a.cost for a, _ in part) / max(1, sum(b.cost for _, b in part)) - 1),
        better=tuple(a.id for a, b in pairs if a.right > b.right),
        worse=tuple(a.id for a, b in pairs if a.right < b.right),
    )


def told(found: Found) -> dict[str, Any]:
    """A set, for programs."""
    its = found.score
    return {
        "questions": its.asked,
        "accepted": its.accepted.accepted,
        "right": its.accepted.right,
        "verified_and_wrong": its.verified.wrong,
        "attempts": its.attempts,
        "cost_usd": str(usd_from_micro(its.cost_micro_usd)),
        "strongest": {
            "model": its.strongest.model,
            "right": its.strongest.right,
            "cost_usd": str(usd_from_micro(its.strongest.cost_micro_usd)),
        },
        "figures": {name: each.told() for name, each in found.figures.items()},
        "accepted_by_model": {r.model: {"accepted": t.accepted, "right": t.right} for r, t in its.by_rung.items()},
        "escalated": [{"action": a, "reason": r, "times": n} for (a, r), n in sorted(its.turns.items())],
        "failed": dict(its.failures),
    }


def changed_told(change: Changed) -> dict[str, Any]:
    """A change, for programs."""
    return {
        "success_points": change.success_points.told(),
        "cost_change": change.cost.told(),
        "right_here_alone": list(change.better),
        "right_there_alone": list(change.worse),
    }
