"""How far back the ledger reaches."""

from datetime import datetime

from services.ledger.domain.story import Told


class Kept(Told):
    """When the oldest request that is kept was admitted, and through when requests were let go of."""

    oldest: datetime | None
    gone_through: datetime | None
