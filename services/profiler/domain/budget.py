"""A tenant's budget: what a request holds of it before anything is spent, and what is said when it is used up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from schemas.money import micro_from_usd, usd_from_micro
from schemas.portfolio import LONGEST_AFTER_DEADLINE_S, LONGEST_DEADLINE_S, Tenant
from schemas.request import Refusal, RequestProfiled
from schemas.vocabulary import Reason

OVER = "over_"
"""What the outcome of an admission begins with that a budget has no room for: the period's name follows."""
HELD_AT_MOST = timedelta(seconds=LONGEST_DEADLINE_S + LONGEST_AFTER_DEADLINE_S, days=1)
"""The longest life of a request, and a day for its end to be heard: what is held longer is held for a lost one."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a tenant may spend between two days, the second not among them."""

    period: str
    begins: date
    ends: date
    micro_usd: int

    @property
    def refusal(self) -> Refusal:
        """Why a request that it has no room for is refused."""
        told = f"the tenant's budget of {usd_from_micro(self.micro_usd)} dollars a {self.period} is spent or held"
        renews_at = datetime(self.ends.year, self.ends.month, self.ends.day, tzinfo=UTC)
        detail = f"{told}; it renews at {self.ends.isoformat()}T00:00:00Z"
        return Refusal(reason=Reason.QUOTA_SPENT, detail=detail, retry_at=renews_at)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a request cost for sure, and what it may have cost beside: a budget pays that as far as it was held.

    A bound is all that a model could have written, and far above what a failed call is billed.
    """

    known_micro_usd: int = 0
    bounded_micro_usd: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """What a request may cost at most, and the limits that it must fit into."""

    micro_usd: int
    on: date
    limits: tuple[Limit, ...]


def hold_of(event: RequestProfiled, tenant: Tenant | None) -> Hold | None:
    """What the request holds; ``None`` for a tenant without a budget, and for a request that will spend nothing.

    Such is one that is refused anyway, and one whose answer is there already.
    """
    request = event.request
    if tenant is None or event.refusal or event.recalled or request.budget_micro_usd is None:
        return None
    limits = limits_of(tenant, request.admitted_at)
    return Hold(request.budget_micro_usd, request.admitted_at.date(), limits) if limits else None


def limits_of(tenant: Tenant, at: datetime) -> tuple[Limit, ...]:
    """The limits of a tenant that hold at a time, in UTC."""
    day = at.date()
    month = day.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    all_of_them = (
        ("day", day, day + timedelta(days=1), tenant.budget_usd_per_day),
        ("month", month, next_month, tenant.budget_usd_per_month),
    )
    return tuple(
        Limit(name, begins, ends, micro_from_usd(usd)) for name, begins, ends, usd in all_of_them if usd is not None
    )


def no_room(hold: Hold, left: dict[tuple[str, date], int]) -> Limit | None:
    """The first limit that a hold does not fit into; when it fits into all, it takes its place in ``left``."""
    for limit in hold.limits:
        if left[limit.period, limit.begins] < hold.micro_usd:
            return limit
    for limit in hold.limits:
        left[limit.period, limit.begins] -= hold.micro_usd
    return None


def refused(event: RequestProfiled, hold: Hold) -> dict[str, RequestProfiled]:
    """The request as it is said when a limit has no room for it, by the outcome of its admission."""
    return {f"{OVER}{limit.period}": event.model_copy(update={"refusal": limit.refusal}) for limit in hold.limits}
