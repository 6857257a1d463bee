"""How often answers so alike to another model's were right: the errors that each threshold would make."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from pydantic import computed_field

from schemas.models import BUCKETS
from services.ledger.domain.foreseen import Foreseen
from services.ledger.domain.learned import CheckErrors, ScoreLine, wilson
from services.ledger.domain.story import Told


class BucketLine(Told):
    """Of the newest answers of a pair, those whose score is in a bucket (from 0), and what was said of them."""

    task: str
    model: str
    provider: str
    by_model: str
    bucket: int
    seen: int
    good: int
    bad: int


class AtThreshold(Told):
    """What would be accepted from a score on. ``right`` and ``wrong``: of the accepted that people or judges spoke of;

    ``lost``: of the others, those that they called right.
    """

    threshold: float
    accepted: int
    rejected: int
    right: int
    wrong: int
    lost: int

    @computed_field
    @property
    def wrong_interval(self) -> tuple[float, float] | None:
        """Where the share of wrong answers among the accepted lies with 95 % confidence; ``None`` without words."""
        said = self.right + self.wrong
        return wilson(self.wrong, said) if said else None


class LikenessCurve(Told):
    """A pair in a task class: whose answers, and who was asked to agree. Thresholds that part the same are one."""

    task: str
    model: str
    provider: str
    by: str
    answers: int
    spoken_of: int
    thresholds: list[AtThreshold]


class Learned(Told):
    """All scores, the errors of checks since a time, those of agreement at each threshold, and what came of plans."""

    since: datetime
    scores: list[ScoreLine]
    checks: list[CheckErrors]
    curves: list[LikenessCurve]
    foreseen: list[Foreseen]


def curves_of(lines: Sequence[BucketLine]) -> list[LikenessCurve]:
    """One curve a pair; the lines come ordered by pair."""
    return [_curve(list(of_pair)) for _, of_pair in groupby(lines, key=_pair)]


def _pair(line: BucketLine) -> tuple[str, str, str, str]:
    return line.task, line.model, line.provider, line.by_model


def _curve(lines: Sequence[BucketLine]) -> LikenessCurve:
    task, model, provider, by = _pair(lines[0])
    edges = sorted({line.bucket for line in lines})
    return LikenessCurve(
        task=task,
        model=model,
        provider=provider,
        by=by,
        answers=sum(line.seen for line in lines),
        spoken_of=sum(line.good + line.bad for line in lines),
        thresholds=[_at(edge, lines) for edge in edges],
    )


def _at(edge: int, lines: Sequence[BucketLine]) -> AtThreshold:
    over = [line for line in lines if line.bucket >= edge]
    under = [line for line in lines if line.bucket < edge]
    return AtThreshold(
        threshold=edge / BUCKETS,
        accepted=sum(line.seen for line in over),
        rejected=sum(line.seen for line in under),
        right=sum(line.good for line in over),
        wrong=sum(line.bad for line in over),
        lost=sum(line.good for line in under),
    )
