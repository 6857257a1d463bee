"""The timers' loop on real PostgreSQL: one row stops no other, and a loop that dies is not dead unseen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from escalation_rows import LONG_AGO, Store, opening, store
from opentelemetry.trace import get_tracer

from infra.background import begin
from schemas.example_request import question, request
from schemas.outcome import RequestFailed
from schemas.request import RequestProfiled
from services.escalation.adapters.timer_store import TimerStore
from services.escalation.domain.held import Sorted
from services.escalation.domain.timers import Due
from services.escalation.loops import run_deadlines

__all__ = ["store"]

PATIENCE_S = 20
REFUSED = "ALTER TABLE escalation.requests ADD CONSTRAINT none_expires CHECK (state <> 'expired')"


class Timers(TimerStore):
    """The timers' loop, and what it said."""

    def __init__(self, store: Store) -> None:
        self.said: list[Any] = []
        self.broken, self.has_settled, self.has_put_off = asyncio.Event(), asyncio.Event(), asyncio.Event()
        nobody = Sorted([], [])
        loop = run_deadlines(
            store.database, self, get_tracer("test"), self._say, lambda held: nobody, tick_s=0.02, at_once=10
        )
        self.task = begin(loop, self.broken, "escalation")

    async def _say(self, says: Sequence[Any]) -> dict[int, str]:
        self.said += [said.event for said, _ in says]
        return {}

    async def settle(self, connection: Any, said: Sequence[Due]) -> None:
        await super().settle(connection, said)
        self.has_settled.set()

    async def put_off(self, connection: Any, unsaid: Sequence[Due]) -> None:
        await super().put_off(connection, unsaid)
        self.has_put_off.set()


@pytest.fixture
async def timers(store: Store) -> AsyncIterator[Timers]:
    timers = Timers(store)
    yield timers
    timers.task.cancel()
    await asyncio.gather(timers.task, return_exceptions=True)


async def test_a_row_that_cannot_be_read_is_kept_and_the_others_end_in_time(store: Store, timers: Timers) -> None:
    unreadable, wanted = uuid4(), request()
    await store.one(opening(unreadable, request=LONG_AGO))
    profiled = RequestProfiled(request=wanted, body=question(), attempt_deadline_at=wanted.deadline_at)
    readable = opening(wanted.request_id, request=LONG_AGO + timedelta(seconds=1))
    await store.one(replace(readable, row=replace(readable.row, context=profiled.to_json())))
    await asyncio.wait_for(timers.has_settled.wait(), PATIENCE_S)
    (end,) = timers.said
    assert isinstance(end, RequestFailed)
    assert end.request_id == wanted.request_id
    assert (await store.row(wanted.request_id))["state"] == "closed"
    row = await store.row(unreadable)
    assert (row["state"], row["context"]) == ("expired", b"profiled")
    await asyncio.wait_for(timers.has_put_off.wait(), PATIENCE_S)
    wait = "SELECT next_at > now() + interval '30 seconds' FROM escalation.requests WHERE request_id = $1"
    assert await store.database.pool.fetchval(wait, unreadable), "it is not tried, and told of, every few seconds"
    assert not timers.broken.is_set()


async def test_a_loop_that_the_database_refuses_breaks_the_service(store: Store, timers: Timers) -> None:
    await store.database.pool.execute(REFUSED)
    await store.one(opening(uuid4(), request=LONG_AGO))
    await asyncio.wait_for(timers.broken.wait(), PATIENCE_S)
    assert timers.task.done()
