"""Which tenant's batch is driven next, and which batch makes way: tenants share the seats, however many they are.

Source: max-min fairness: nobody has more while another waits that has less; what cannot be shared goes round by time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

TURN_S = 60.0
"""So long a batch keeps a seat that is not its tenant's alone; giving it back costs the end of what is under way."""
NEVER = datetime.min.replace(tzinfo=UTC)


class Standing(NamedTuple):
    """A tenant's batches that are not over. ``driven``, ``waiting``: how many of them are, on all replicas together.

    ``last_at``: until when one of its batches was driven; ``None`` where none ever was.
    """

    driven: int
    waiting: int
    last_at: datetime | None


class Seated(NamedTuple):
    """A batch that is driven here, for so many seconds."""

    batch_id: UUID
    tenant: str
    for_s: float


def whose_turn(standing: Mapping[str, Standing]) -> str | None:
    """Of the tenants that wait the one with the fewest driven, and of those the one that was driven longest ago."""
    waiting = [tenant for tenant, each in standing.items() if each.waiting]
    return min(waiting, key=lambda tenant: _rank(standing[tenant], tenant), default=None)


def makes_way(seated: Sequence[Seated], standing: Mapping[str, Standing]) -> UUID | None:
    """The batch here that gives its seat to another tenant's; ``None`` while the seats are shared as they should be."""
    turn = whose_turn(standing)
    if turn is None or not seated:
        return None
    here = Counter(each.tenant for each in seated)

    def driven(tenant: str) -> int:
        return max(here[tenant], standing[tenant].driven if tenant in standing else 0)

    first = max(seated, key=lambda each: (driven(each.tenant), each.for_s))
    beyond = driven(first.tenant) - standing[turn].driven
    is_due = beyond > 1 or (beyond == 1 and first.for_s >= TURN_S)
    return first.batch_id if is_due else None


def _rank(standing: Standing, tenant: str) -> tuple[int, datetime, str]:
    return standing.driven, standing.last_at or NEVER, tenant
