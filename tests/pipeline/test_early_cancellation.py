"""A request whose cancellation is heard before it, as Kafka may have it: it ends once, and costs nothing."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.local.parts import Addresses
from pipeline.requests import is_cancelled
from pipeline.scripts import says
from pipeline.stack import Pipeline
from pipeline.waiting import until

IS_HEARD = """
SELECT EXISTS (SELECT FROM escalation.cancellations WHERE request_id = $1)
   AND EXISTS (SELECT FROM model_worker.cancellations WHERE request_id = $1)
"""
BEGUN = "SELECT count(*) FROM model_worker.attempts WHERE request_id = $1 AND (fence > 0 OR finished_at IS NULL)"
WRITTEN = "SELECT count(*) FROM model_worker.attempts WHERE request_id = $1"
Ask = Callable[[str, UUID], int]


@pytest.fixture
def ask(addresses: Addresses) -> Ask:
    """What the database says of a request."""

    async def asked(query: str, request_id: UUID) -> int:
        connection = await asyncpg.connect(addresses.database)
        try:
            return await connection.fetchval(query, request_id)
        finally:
            await connection.close()

    return lambda query, request_id: asyncio.run(asked(query, request_id))


def cancel(pipeline: Pipeline, request_id: UUID) -> None:
    now = datetime.now(UTC).isoformat()
    told = {"request_id": str(request_id), "tenant": "default", "by": "the client", "cancelled_at": now}
    pipeline.client.send("request.cancelled", json.dumps(told).encode(), str(request_id).encode())


def test_a_request_that_comes_after_its_cancellation_ends_as_such_and_no_model_is_asked(
    pipeline: Pipeline, ask: Ask
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = uuid4()
    cancel(pipeline, request_id)
    until(lambda: ask(IS_HEARD, request_id), "those who end and call have heard of the cancellation")
    pipeline.submit(script.request(request_id=str(request_id)))

    end = pipeline.failed(request_id)
    assert (end.reason, end.cost_usd) == ("cancelled", "0")
    until(lambda: ask(WRITTEN, request_id), "the router's dispatch reaches a worker")
    assert (ask(BEGUN, request_id), script.asked) == (0, [])
    pipeline.pass_through_the_same_partitions(request_id)
    pipeline.log.catch_up()
    assert len(pipeline.ends(request_id)) == 1
    story = pipeline.ledger.story(request_id, is_cancelled)
    assert (story["request"]["state"], story["request"]["reason"]) == ("cancelled", "cancelled")
    assert story["totals"]["cost_micro_usd"] == 0
