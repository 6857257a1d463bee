"""A judge held against what people said: how often it errs at each threshold, and which may be trusted. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ledger.domain.learned import wilson
from services.ledger.domain.story import Told

THRESHOLDS = range(2, 11)


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer with the grades of a judge's two looks, and whether people called it good."""

    task: str
    judge: str
    grades: tuple[int, int]
    good: bool


class Threshold(Told):
    """What becomes of the judged answers with ``at_least``: both grades reach it, neither does, or one.

    ``wrong``: accepted, and people called them bad; ``lost``: rejected, and people called them good.
    """

    at_least: int
    accepted: int
    wrong: int
    rejected: int
    lost: int
    undecided: int
    wrong_interval: tuple[float, float] | None


class Calibration(Told):
    """A judge in a task class. ``at_least``: the lowest threshold to trust; ``None`` while the labels prove none."""

    task: str
    judge: str
    answers: int
    good: int
    at_least: int | None
    thresholds: list[Threshold]


class Calibrations(Told):
    """Of all judges. ``most_wrong``: the share of wrong answers among accepted ones that is borne."""

    since: datetime
    most_wrong: float
    judges: list[Calibration]


def calibrated(graded: Iterable[Graded], since: datetime, most_wrong: float) -> Calibrations:
    """Each judge by task class, with its errors at every threshold."""
    by_judge: dict[tuple[str, str], list[Graded]] = {}
    for each in graded:
        by_judge.setdefault((each.task, each.judge), []).append(each)
    judges = [_judge(found, most_wrong) for _, found in sorted(by_judge.items())]
    return Calibrations(since=since, most_wrong=most_wrong, judges=judges)


def _judge(found: Sequence[Graded], most_wrong: float) -> Calibration:
    thresholds = [threshold_of(found, at_least) for at_least in THRESHOLDS]
    return Calibration(
        task=found[0].task,
        judge=found[0].judge,
        answers=len(found),
        good=sum(each.good for each in found),
        at_least=next((each.at_least for each in thresholds if _is_proved(each, most_wrong)), None),
        thresholds=thresholds,
    )


def threshold_of(found: Sequence[Graded], at_least: int) -> Threshold:
    """The errors at one threshold, by the rule that the validator decides by: two looks that agree."""
    accepted = [each.good for each in found if min(each.grades) >= at_least]
    rejected = [each.good for each in found if max(each.grades) < at_least]
    wrong = accepted.count(False)
    return Threshold(
        at_least=at_least,
        accepted=len(accepted),
        wrong=wrong,
        rejected=len(rejected),
        lost=rejected.count(True),
        undecided=len(found) - len(accepted) - len(rejected),
        wrong_interval=wilson(wrong, len(accepted)) if accepted else None,
    )


def _is_proved(threshold: Threshold, most_wrong: float) -> bool:
    """Whether, with 95 % confidence, no more of what it accepts is wrong than is borne."""
    return threshold.wrong_interval is not None and threshold.wrong_interval[1] <= most_wrong
