"""Deaths and cuts at the moments that hurt most, found by what goes over the wire."""

from collections.abc import Callable
from random import Random

from journeys.faults.fleet import MEMBERS
from journeys.faults.frames import OFFSET_COMMIT, PRODUCE
from journeys.faults.proxy import Cut, Proxy, Trap
from journeys.faults.world import World

WITHIN_S = 30.0
STORES_OUTCOMES = "SET outcome_type"
WORKERS = ("alpha", "alpha-2")
PUBLISHERS = ("profiler", "router", "validator", "escalation", *WORKERS)
COMMITTERS = (*PUBLISHERS, "ledger")


class NotStruck(Exception):
    """The moment that a fault waits for did not come: the run says nothing about it."""


def kill_before_storing(world: World, dice: Random) -> None:
    """A worker has the provider's answer, and dies before it is stored."""
    _kill_at(world, world.before_postgres, dice.choice(WORKERS), lambda words: STORES_OUTCOMES in words)


def kill_before_publishing(world: World, dice: Random) -> None:
    """A member has stored, and dies before it publishes."""
    _kill_at(world, world.before_kafka, dice.choice(PUBLISHERS), lambda words: words == PRODUCE)


def kill_before_committing(world: World, dice: Random) -> None:
    """A member has published, and dies before it commits its offsets: the batch comes again after its effects."""
    _kill_at(world, world.before_kafka, dice.choice(COMMITTERS), lambda words: words == OFFSET_COMMIT)


def lose_answer(world: World, dice: Random) -> None:
    """A member stores, publishes or commits; it takes effect, and the connection breaks before the member hears so."""
    proxy, words = dice.choice(
        ((world.before_kafka, PRODUCE), (world.before_kafka, OFFSET_COMMIT), (world.before_postgres, ""))
    )
    storing = ("profiler", "escalation", "ledger", *WORKERS)
    member = dice.choice(storing if proxy is world.before_postgres else PUBLISHERS)
    trap = _spring(world, proxy, Cut.ANSWER, member, lambda said: words in said)
    proxy.release(trap)


def _kill_at(world: World, proxy: Proxy, member: str, is_it: Callable[[str], bool]) -> None:
    trap = _spring(world, proxy, Cut.REQUEST, member, is_it)
    world.fleet.kill(member)
    proxy.release(trap)
    world.over()
    world.fleet.start(member)


def _spring(world: World, proxy: Proxy, cut: Cut, member: str, is_it: Callable[[str], bool]) -> Trap:
    assert member in MEMBERS
    trap = proxy.set(Trap(cut, lambda words, port: is_it(words) and port in world.fleet.ports(member)))
    if not trap.sprung.wait(WITHIN_S):
        proxy.release(trap)
        raise NotStruck(f"{member} did nothing of the kind within {WITHIN_S:g} s")
    return trap
