"""How a set of questions ended, by the recorded verdict on each accepted answer. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.local.recorded.ladder import Rung
from infra.local.recorded.question import Question
from services.console.domain.road import Road

VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Tally:
    """Accepted answers, and how many of them are right by the recorded verdict."""

    accepted: int
    right: int

    @property
    def wrong(self) -> int:
        return self.accepted - self.right


@dataclass(frozen=True, slots=True)
class Strongest:
    """The lane's strongest model, asked every question: how many it has right, and the modelled cost."""

    model: str
    right: int
    cost_micro_usd: int


@dataclass(frozen=True, slots=True)
class Score:
    """A set's ends. ``by_rung``: whose answers were accepted. ``turns``: what was asked for next, and why (action,
    reason). ``failures``: by reason. ``open``: requests without an end. Money is modelled, in micro-dollars."""

    name: str
    asked: int
    by_rung: Mapping[Rung, Tally]
    verified: Tally
    unverified: Tally
    turns: Mapping[tuple[str, str], int]
    failures: Mapping[str, int]
    open: int
    attempts: int
    cost_micro_usd: int
    strongest: Strongest

    @property
    def accepted(self) -> Tally:
        """All accepted answers."""
        return Tally(self.verified.accepted + self.unverified.accepted, self.verified.right + self.unverified.right)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted answer: the model that gave it, whether anything was verified, and the recorded verdict."""

    rung: Rung
    verified: bool
    right: bool


def score(name: str, ladder: Sequence[Rung], ends: Sequence[tuple[Question, Road]]) -> Score:
    """Join each end with the verdict of the model whose answer it is.

    Raises ``KeyError`` when an answer is of a model that is not on the ladder.
    """
    answers = [accepted for question, road in ends if (accepted := accepted_of(ladder, question, road))]
    roads = [road for _, road in ends]
    strongest = ladder[-1]
    return Score(
        name=name,
        asked=len(ends),
        by_rung={rung: _tally(each for each in answers if each.rung == rung) for rung in ladder},
        verified=_tally(each for each in answers if each.verified),
        unverified=_tally(each for each in answers if not each.verified),
        turns=Counter((turn.action, turn.reason) for road in roads for turn in road.turns),
        failures=Counter(road.end.reason or road.end.status for road in roads if road.end and not road.end.succeeded),
        open=sum(road.end is None for road in roads),
        attempts=sum(len(road.steps) for road in roads),
        cost_micro_usd=sum(road.cost_micro_usd for road in roads),
        strongest=Strongest(
            strongest.model,
            sum(question.answers[strongest.recorded].right for question, _ in ends),
            sum(strongest.cost_micro_usd(question) for question, _ in ends),
        ),
    )


def accepted_of(ladder: Sequence[Rung], question: Question, road: Road) -> Accepted | None:
    """The answer that ended a request well; ``None`` without one."""
    end = road.end
    if end is None or not end.succeeded:
        return None
    rung = {rung.model: rung for rung in ladder}[end.model or ""]
    return Accepted(rung, end.status == VERIFIED, question.answers[rung.recorded].right)


def _tally(answers: Iterable[Accepted]) -> Tally:
    found = list(answers)
    return Tally(len(found), sum(each.right for each in found))
