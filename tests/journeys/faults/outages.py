"""Kafka and PostgreSQL that are stopped, killed, stalled, slow, or whose clock steps."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

import asyncpg
import psutil
from pipeline.waiting import until

from journeys.faults.clocks import NOTICED_S
from journeys.faults.fleet import still
from journeys.faults.world import World

TABLES = ("model_worker.attempts", "escalation.requests", "profiler.admissions", "ledger.requests", "ledger.attempts")
SLOW_QUERIES, SLOW_MS = 6, 8_000
SLOW = f"SET statement_timeout = {SLOW_MS}; SELECT count(*) FROM generate_series(1, 2000000000)"  # noqa: S608
STEPS_S = (-60, -7, 7, 60)
"""More than a lease (5 s), and more than any deadline."""


def stop_kafka(world: World, dice: Random, seconds: float) -> None:
    """Kafka is stopped in good order, and is away for a while."""
    world.kafka.stop()
    time.sleep(seconds)
    world.kafka.start()


def kill_kafka(world: World, dice: Random) -> None:
    """Kafka dies, and is started again."""
    _kill(world.kafka.pid)
    world.kafka.stop()
    world.kafka.start()


def stop_postgres(world: World, dice: Random) -> None:
    """PostgreSQL is stopped, with all its connections cut, and is away for a while."""
    world.postgres.stop()
    time.sleep(dice.uniform(1, 10))
    world.postgres.start()


def kill_postgres(world: World, dice: Random) -> None:
    """PostgreSQL dies, and recovers from its log."""
    _kill(world.postgres.pid)
    world.postgres.stop()
    world.postgres.start()


def stall_kafka(world: World, dice: Random) -> None:
    """The network to Kafka stands still: connections stay, and nothing comes."""
    with still([psutil.Process(world.kafka.pid)]):
        time.sleep(dice.uniform(2, 12))


def stall_postgres(world: World, dice: Random) -> None:
    """The network to PostgreSQL stands still."""
    server = psutil.Process(world.postgres.pid)
    with still([server, *server.children(recursive=True)]):
        time.sleep(dice.uniform(2, 10))


def slow_queries(world: World, dice: Random) -> None:
    """PostgreSQL is full of queries that use all its processors, and a lock holds up every writer of a table."""
    with ThreadPoolExecutor(SLOW_QUERIES + 1) as pool:
        for _ in range(SLOW_QUERIES):
            pool.submit(_bear, world, SLOW)
        lock = f"BEGIN; LOCK TABLE {dice.choice(TABLES)} IN SHARE MODE; SELECT pg_sleep(3); COMMIT"
        pool.submit(_bear, world, lock)


def step_clock(world: World, dice: Random, whose: str) -> None:
    """A clock jumps, ahead or back, and a few seconds later it is right again, which is another jump."""
    clock, off_s = world.clocks[whose], dice.choice(STEPS_S)
    clock.set(off_s)
    until(lambda: abs(world.told_by(whose) - time.time() - off_s) < NOTICED_S, f"the clock of {whose} is {off_s} s off")
    time.sleep(dice.uniform(0, 6))
    clock.set(0)


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _bear(world: World, statement: str) -> None:
    """Run a statement; that the server ends it by its timeout is what was wanted."""
    with suppress(asyncpg.QueryCanceledError):
        world.ledger.execute(statement)
