"""What is kept ready for the operator follows the rows, a moment later."""

import asyncio

from infra.store.database import Database
from services.ledger.adapters.digest import Digest

AT_ONCE = 5_000


async def run_digest(database: Database, digest: Digest, pause_s: float) -> None:
    """Work out what changed, and rest when little did. Ends by cancellation."""
    while True:
        taken = await database.patiently(lambda connection: digest.some(connection, AT_ONCE))
        if taken < AT_ONCE:
            await asyncio.sleep(pause_s)
