"""What the profiler does by the clock."""

import asyncio

from infra.store.database import Database
from services.profiler.adapters.admission_store import FORGET_AT_ONCE, AdmissionStore

HOUR_S = 3_600


async def run_forgetting(database: Database, store: AdmissionStore, days: int) -> None:
    """Once an hour, let go of admissions whose requests can no longer be delivered again."""
    while True:
        gone = await database.patiently(lambda connection: store.forget(connection, days))
        await asyncio.sleep(0 if gone == FORGET_AT_ONCE else HOUR_S)
