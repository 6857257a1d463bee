"""The loops of one worker process on a real PostgreSQL, with calls that wait to be let go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from attempt_shelf import Shelf, answer_to, shelf

from schemas.fact import Event
from services.model_worker.adapters.desk import Desk
from services.model_worker.domain.claims import Claim, Finished
from services.model_worker.loops import (
    run_claims,
    run_late_sweeper,
    run_leases,
    run_marks,
    run_results,
    run_settlements,
    run_sweeper,
)

__all__ = ["shelf"]


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - of many kinds, and some are in the database
            await asyncio.sleep(0.01)


class Process:
    """The loops of one worker process, which can be killed: nothing is finished, nothing given back."""

    def __init__(self, shelf: Shelf, provider: str = "acme", slots: int = 4, poll_s: float = 0.05) -> None:
        owner = uuid4()
        self.store, self.settlements = shelf.worker(provider, owner=owner), shelf.settlements(owner)
        self.poll_s = poll_s
        self.desk = Desk(lambda: slots)
        self.calls: list[UUID] = []
        self.said: list[tuple[Event, bytes, str | None]] = []
        self.gone: list[str] = []
        self.refused: dict[type[Event], str] = {}
        self.stalled: set[type[Event]] = set()
        self.let_go = asyncio.Event()
        self.kafka = asyncio.Event()
        self.kafka.set()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def perform(self, claim: Claim) -> Finished:
        self.calls.append(claim.attempt_id)
        await self.let_go.wait()
        return answer_to(claim)

    async def publish(self, says: Sequence[tuple[Event, bytes, str | None]]) -> dict[int, str]:
        await self.kafka.wait()
        if self.stalled.intersection(type(event) for event, *_ in says):
            await asyncio.Event().wait()
        refused = {at: self.refused[type(event)] for at, (event, *_) in enumerate(says) if type(event) in self.refused}
        self.said += [each for at, each in enumerate(says) if at not in refused]
        return refused

    async def on_gone(self, provider: str) -> None:
        self.gone.append(provider)

    def start(self) -> None:
        desk, store = self.desk, self.store
        loops = {
            "claims": run_claims(desk, store, self.perform, self.poll_s, 0),
            "results": run_results(desk, store, self.settlements, self.publish, lambda size: 0.0),
            "settlements": run_settlements(desk, self.settlements, self.publish),
            "marks": run_marks(desk, store),
            "leases": run_leases(desk, store),
            "sweeper": run_sweeper(desk, store, self.publish, self.on_gone, 0.05),
            "late sweeper": run_late_sweeper(self.settlements, self.publish, 0.05),
        }
        self.tasks = {name: asyncio.create_task(loop) for name, loop in loops.items()}

    async def kill(self) -> None:
        tasks = [*self.tasks.values(), *self.desk.calls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def processes(shelf: Shelf) -> AsyncIterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(provider: str = "acme", slots: int = 4, poll_s: float = 0.05) -> Process:
        process = Process(shelf, provider, slots, poll_s)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        await process.kill()
