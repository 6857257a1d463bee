"""What the profiler does by the clock."""

import asyncio
import logging
from datetime import UTC, datetime

from infra.objects.failures import ObjectsAway
from infra.objects.store import ObjectStore
from infra.store.database import Database
from services.profiler.adapters.admission_store import FORGET_AT_ONCE, AdmissionStore
from services.profiler.adapters.budget_store import AT_ONCE, Settlements

log = logging.getLogger(__name__)
HOUR_S = 3_600


async def run_forgetting(database: Database, store: AdmissionStore, days: int) -> None:
    """Once an hour, let go of admissions whose requests can no longer be delivered again."""
    while True:
        gone = await database.patiently(lambda connection: store.forget(connection, days))
        await asyncio.sleep(0 if gone == FORGET_AT_ONCE else HOUR_S)


async def run_expiring(database: Database, settlements: Settlements) -> None:
    """Once an hour, free what is held for requests whose ends were lost."""
    while True:
        freed = await database.patiently(settlements.expire)
        await asyncio.sleep(0 if freed == AT_ONCE else HOUR_S)


async def run_forgetting_content(store: ObjectStore) -> None:
    """Once an hour, remove large content that is older than what may still be delivered or replayed."""
    while True:
        try:
            await store.forget(datetime.now(UTC).date())
        except ObjectsAway as error:
            log.warning("%s", error)
        await asyncio.sleep(HOUR_S)
