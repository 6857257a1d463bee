"""What hands requests, and what is said of them, over to Kafka; what keeps answers, and forgets by the clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from infra.store.database import Database
from schemas.reaction import Said
from schemas.request import RequestSubmitted
from schemas.topics import GATEWAY_INTAKE
from services.gateway.adapters.answer_cache import AnswerCache
from services.gateway.adapters.answer_store import EXPIRE_AT_ONCE, AnswerStore
from services.gateway.adapters.batch_store import FORGET_AT_ONCE as BATCHES_AT_ONCE
from services.gateway.adapters.batches import Batches
from services.gateway.adapters.claim_store import FORGET_AT_ONCE, ClaimStore
from services.gateway.adapters.flight_store import FlightStore
from services.gateway.adapters.submissions import Submission, Submissions
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
HOUR_S = 3_600
TIDY_S = 30
SayEach = Callable[[Sequence[tuple[Said, str | None]]], Awaitable[dict[int, str]]]


async def run_publishing(submissions: Submissions, say_each: SayEach) -> None:
    """Publish what is queued, all of it at once; what comes meanwhile is the next batch.

    While Kafka is away one batch waits here, and the rest in the queue, where it can still be withdrawn.
    """
    while True:
        await _publish(submissions, await submissions.take(), say_each)


async def _publish(submissions: Submissions, taken: Sequence[Submission], say_each: SayEach) -> None:
    refusals = await say_each([(_said(each), each.traceparent) for each in taken])
    submissions.settle(taken, refusals)


def _said(each: Submission) -> Said:
    return Said(each.event, topic=GATEWAY_INTAKE if isinstance(each.event, RequestSubmitted) else None)


async def run_forgetting(database: Database, store: ClaimStore) -> None:
    """Once an hour, let go of what Idempotency-Keys stood for."""
    while True:
        gone = await database.patiently(store.forget)
        await asyncio.sleep(0 if gone == FORGET_AT_ONCE else HOUR_S)


async def run_keeping(cache: AnswerCache, database: Database) -> None:
    """Write answers as they come, and make room whenever a share of the cache's size was written."""
    written = 0
    while True:
        written += await cache.write()
        if written >= cache.store.share_bytes:
            await database.patiently(cache.store.trim)
            written = 0


async def run_tidying(store: AnswerStore | FlightStore, database: Database) -> None:
    """Delete what is too old."""
    while True:
        gone = await database.patiently(store.expire)
        await asyncio.sleep(0 if gone == EXPIRE_AT_ONCE else TIDY_S)


async def run_forgetting_batches(batches: Batches, database: Database, days: int) -> None:
    """Once an hour, let go of batches that are older than this, all of them, and of files whose time is over."""
    while True:
        gone = BATCHES_AT_ONCE
        while gone == BATCHES_AT_ONCE:
            gone = await database.patiently(lambda connection: batches.store.forget(connection, days))
        try:
            await batches.files.forget_expired()
        except Refused as away:
            log.warning("files whose time is over stay for now: %s", away)
        await asyncio.sleep(HOUR_S)
