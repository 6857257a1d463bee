"""What can be read of the ledger, and by which words it is asked for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self
from uuid import UUID

from services.ledger.domain.calibration import Calibrations
from services.ledger.domain.kept import Kept
from services.ledger.domain.learned import Planned
from services.ledger.domain.likeness import Learned
from services.ledger.domain.overview import Overview
from services.ledger.domain.spending import Spending
from services.ledger.domain.story import RequestPage, RequestState, RequestStory
from services.ledger.domain.summary import Summary
from services.ledger.domain.tenants import Tenants


def in_utc(moment: datetime) -> datetime:
    """The moment as the database takes it. Raises ``ValueError`` for one outside the years 1 to 9999 there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999 in UTC") from None


class CursorUnreadable(ValueError):
    """A cursor that was not given out by the ledger."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last request of a page: the next one begins with the one admitted before it."""

    admitted_at: datetime
    request_id: UUID

    def text(self) -> str:
        """As clients hold it: opaque, and safe in a URL."""
        return urlsafe_b64encode(f"{self.admitted_at.isoformat()}|{self.request_id}".encode()).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a cursor back. Raises :class:`CursorUnreadable`."""
        try:
            told = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            admitted_at, _, request_id = told.partition("|")
            moment = datetime.fromisoformat(admitted_at)
            if moment.tzinfo is None:
                raise ValueError("a time without its offset")
            return cls(in_utc(moment), UUID(request_id))
        except ValueError:
            raise CursorUnreadable("the cursor was not given out by this ledger") from None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests, and how many at most; those after ``after``, newest first.

    ``model`` and ``tier``: any that was asked. ``reason``: why it failed, or why it escalated.
    """

    limit: int
    state: RequestState | None = None
    lane: str | None = None
    task: str | None = None
    tenant: str | None = None
    model: str | None = None
    tier: int | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None


class LedgerAway(Exception):
    """The database cannot answer now; a wait may mend it."""


class Reading(Protocol):
    """Reads the ledger. Every method raises :class:`LedgerAway`."""

    async def answers(self) -> None:
        """Return when the ledger can be read."""
        ...

    async def story(self, request_id: UUID) -> RequestStory | None:
        """All that is known of a request; ``None`` when nothing is."""
        ...

    async def newest(self, wanted: Wanted) -> RequestPage:
        """A page of requests, the newest first."""
        ...

    async def summary(self, since: datetime | None) -> Summary:
        """What the requests admitted since then (without it: in the last day) cost and achieved."""
        ...

    async def overview(self, since: datetime, until: datetime, tenant: str | None = None) -> Overview:
        """What the requests admitted in these hours cost and achieved, from hourly sums; of one tenant, or of all."""
        ...

    async def tenants(self, since: datetime, until: datetime) -> Tenants:
        """What the requests that tenants sent in these hours cost and achieved, lane by lane."""
        ...

    async def spending(self) -> Spending: ...

    async def kept(self) -> Kept:
        """How far back requests are kept."""
        ...

    async def learned(self, since: datetime | None) -> Learned:
        """What models achieve, and how often checks erred on requests since then (without it: of the last 30 days)."""
        ...

    async def judges(self, since: datetime | None, most_wrong: float) -> Calibrations:
        """Judges held against what people said of answers since then (without it: of the last 30 days)."""
        ...

    async def planned(self, since: datetime | None) -> Planned:
        """How the router planned for requests since then (without it: in the last seven days)."""
        ...
