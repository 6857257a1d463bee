"""What a backtest came to, by the recorded verdicts, each figure with its 95 % interval. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.evals.study import Figure, figure
from infra.local.following import Roads
from infra.local.recorded.material import QuestionSet
from infra.local.recorded.scoring import Score, accepted_of, score
from schemas.money import usd_from_micro


@dataclass(frozen=True, slots=True)
class Line:
    """One question: what the portfolio made of it, and what the strongest model of its lane did. Micro-dollars."""

    id: str
    accepted: bool
    right: bool
    cost: int
    strongest_right: bool
    strongest_cost: int


Lines = Sequence[Line]


@dataclass(frozen=True, slots=True)
class Found:
    """A set's questions one by one, and summed up."""

    lines: Lines
    score: Score

    @property
    def name(self) -> str:
        return self.score.name


def found_of(each: QuestionSet, roads: Roads) -> Found:
    """Join each question's road with the recorded verdicts."""
    ends = [(question, roads[str(request_id)]) for request_id, question in each.asked.items()]
    strongest = each.ladder[-1]
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
            )
        )
    return Found(lines, score(each.name, each.ladder, ends))


def accepted(lines: Lines) -> float:
    return sum(line.accepted for line in lines) / len(lines)


def success(lines: Lines) -> float:
    """The share that ended with a right answer."""
    return sum(line.right for line in lines) / len(lines)


def strongest_success(lines: Lines) -> float:
    return sum(line.strongest_right for line in lines) / len(lines)


def gain_points(lines: Lines) -> float:
    """Percentage points over the strongest, question by question."""
    return 100 * sum(line.right - line.strongest_right for line in lines) / len(lines)


def cost_share(lines: Lines) -> float:
    """Of what the strongest would have cost."""
    return sum(line.cost for line in lines) / max(1, sum(line.strongest_cost for line in lines))


FIGURES = {
    "accepted": accepted,
    "success": success,
    "strongest_success": strongest_success,
    "gain_points": gain_points,
    "cost_share": cost_share,
}


def figures(lines: Lines) -> dict[str, Figure]:
    """All of a set, by name."""
    return {name: figure(lines, of) for name, of in FIGURES.items()}


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
        "figures": {name: each.told() for name, each in figures(found.lines).items()},
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
