"""The cap on the share of traffic that may move up a tier, so that one that fails for everyone does not take the budget
and the next tier along. Pure: counts and a lane's priority give the answer.

Of each tier is counted how many requests came to it and how many moved up from it, by the time of the events. A replica
hears its part of all requests, and its share stands for the whole.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.attempt import Attempt, Tried
from schemas.portfolio import USUAL_PRIORITY, EscalationLimits, Portfolio

LONGEST_WINDOW_S = 60


class Passage(StrEnum):
    """What becomes of a move: made, kept waiting for room, refused, or made by asking a person, who needs no room."""

    GO = "go"
    WAIT = "wait"
    REFUSE = "refuse"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a tier's traffic: requests whose first attempt there ended, and moves up from there."""

    at: int
    came: int = 0
    ups: int = 0


Traffic = tuple[Second, ...]


def heard(traffic: Traffic, at: datetime, *, came: int = 0, ups: int = 0) -> Traffic:
    """The traffic with so much more. What comes late, from another partition, counts as of the last second."""
    second = _second(traffic, at)
    if traffic and (last := traffic[-1]).at == second:
        return (*traffic[:-1], Second(second, last.came + came, last.ups + ups))
    return (*(each for each in traffic if second - LONGEST_WINDOW_S < each.at), Second(second, came, ups))


def passage(traffic: Traffic, limits: EscalationLimits, priority: int, at: datetime) -> Passage:
    """Whether one more may move up. In a window of fewer than ``limits.least`` requests the cap is that of so many.

    Lanes more urgent than usual may use half of what the cap leaves over, too, and wait where that is taken; others are
    told at once.
    """
    first = _second(traffic, at) - limits.window_s
    recent = [each for each in traffic if each.at > first]
    came, ups = sum(each.came for each in recent), sum(each.ups for each in recent)
    is_urgent = priority < USUAL_PRIORITY
    share = (1 + limits.most_share) / 2 if is_urgent else limits.most_share
    if ups + 1 <= share * max(came, limits.least):
        return Passage.GO
    return Passage.WAIT if is_urgent else Passage.REFUSE


def _second(traffic: Traffic, at: datetime) -> int:
    return max(int(at.timestamp()), traffic[-1].at if traffic else 0)


class Storm:
    """The traffic of each tier in this process, fed by its handlers and its timers' loop.

    ``came`` counts requests by tier, and ``asked`` what they were told who would move up from there, since the start.
    """

    def __init__(self) -> None:
        self._tiers: dict[int, Traffic] = {}
        self.came: Counter[str] = Counter()
        self.asked: Counter[tuple[str, str]] = Counter()

    def ended(self, attempt: Attempt, earlier: Sequence[Tried], at: datetime) -> None:
        """An attempt ended. A request counts once at a tier, however many attempts it has there."""
        if all(tried.tier != attempt.tier for tried in earlier):
            self._tiers[attempt.tier] = heard(self._tiers.get(attempt.tier, ()), at, came=1)
            self.came[str(attempt.tier)] += 1

    def up(self, portfolio: Portfolio, lane: str, tier: int, at: datetime) -> Passage:
        """Whether a request of this lane may move up from a tier now; when it may, that is counted."""
        traffic = self._tiers.get(tier, ())
        found = passage(traffic, portfolio.defaults.escalation, portfolio.lanes[lane].priority, at)
        self.asked[str(tier), found] += 1
        if found is Passage.GO:
            self._tiers[tier] = heard(traffic, at, ups=1)
        return found
