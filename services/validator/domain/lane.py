"""The lane that a request was admitted to, in the revision that it keeps, and what it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.attempt import Plan
from schemas.content import Json
from schemas.portfolio import Lane, Portfolio
from schemas.request import Request
from services.validator.domain.wanted import NO_PACKS, Left, Packs, Wanted, wanted_by

MOST_KEPT = 4_096
Kind = tuple[str, str, str]
"""Revision, lane, risk."""


class LaneUnknown(LookupError):
    """A request names a lane that its own revision does not hold."""


@dataclass(frozen=True, slots=True)
class LaneAsks:
    """What a lane asks for. ``usual``: of a request without checks of its own, whose plan says nothing of any."""

    checks: Sequence[str | Json]
    packs: Packs
    left: Left
    usual: Wanted

    def of(self, request: Sequence[Json], plan: Plan) -> Wanted:
        """What the lane, these checks of a request and its plan ask for together."""
        if not request and not plan.waives and not plan.thresholds and plan.opinions is None:
            return self.usual
        return wanted_by(self.checks, request, self.packs, plan, self.left)


class LanesAsk:
    """What lanes ask for, kept between events: it follows from the revision alone, and changes no verdict."""

    def __init__(self) -> None:
        self._kept: dict[Kind, LaneAsks] = {}

    def by(self, request: Request, portfolio: Portfolio) -> LaneAsks:
        """What the request's lane asks for. Raises :class:`LaneUnknown`."""
        kind = (request.revision, request.lane, request.risk)
        found = self._kept.get(kind)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[kind] = _asks(lane_of(request, portfolio), portfolio, request.risk)
        return found


def lane_of(request: Request, portfolio: Portfolio) -> Lane:
    """The request's lane. Raises :class:`LaneUnknown`."""
    try:
        return portfolio.lanes[request.lane]
    except KeyError:
        raise LaneUnknown(f"revision {request.revision} has no lane {request.lane}") from None


def _asks(lane: Lane, portfolio: Portfolio, risk: str) -> LaneAsks:
    packs = portfolio.policies or NO_PACKS
    left = Left(
        portfolio.leaves_agreement(lane, risk),
        portfolio.may_lower_threshold(lane, risk),
        portfolio.may_settle_by_plan(lane, risk),
    )
    return LaneAsks(lane.checks, packs, left, wanted_by(lane.checks, (), packs, left=left))
