"""Kafka and PostgreSQL that are stopped, killed, stalled, slow, or whose clock steps."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

import asyncpg
import psutil

from journeys.faults.fleet import still
from journeys.faults.world import World

TABLES = ("model_worker.attempts", "escalation.requests", "profiler.admissions", "ledger.requests", "ledger.attempts")
SLOW_QUERIES, SLOW_MS = 6, 8_000
SLOW = f"SET statement_timeout = {SLOW_MS}; SELECT count(*) FROM generate_series(1, 2000000000)"  # noqa: S608
# No clock can be set here, so all that the database keeps by the clock goes back instead: for a row it is the same.
CLOCK_STEP = """
UPDATE model_worker.attempts
SET lease_until = lease_until - interval '{0} s', deadline_at = deadline_at - interval '{0} s';
UPDATE model_worker.workers SET alive_until = alive_until - interval '{0} s';
UPDATE escalation.requests SET next_at = next_at - interval '{0} s', deadline_at = deadline_at - interval '{0} s'
WHERE state = 'open'
"""


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


def clock_step(world: World, dice: Random) -> None:
    """The database's clock jumps ahead: every lease runs out at once, and deadlines come nearer."""
    world.ledger.execute(CLOCK_STEP.format(dice.choice((6, 10))))


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _bear(world: World, statement: str) -> None:
    """Run a statement; that the server ends it by its timeout is what was wanted."""
    with suppress(asyncpg.QueryCanceledError):
        world.ledger.execute(statement)
