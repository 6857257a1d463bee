"""Processes of ours that die, stand still, are restarted, come and go."""

import time
from random import Random

from pipeline.waiting import until

from journeys.faults.fleet import GUESTS, MEMBERS
from journeys.faults.world import World

STALLS_S = (2.0, 12.0)
STORM_ROUNDS = 4
STORM_STAY_S = 1.0
CLIENTS, LEAST_WAITING = 150, 100
TOLD_S = 180.0


def kill(world: World, dice: Random, member: str) -> None:
    """One member dies, and is started again at once."""
    _die(world, dice, (member,))


def kill_gateway_asked(world: World, dice: Random) -> None:
    """The gateway dies while clients wait for it over HTTP; they ask again under their keys until they are told."""
    world.asking.begin(CLIENTS)
    until(lambda: world.asking.waiting >= LEAST_WAITING, "enough clients wait")
    _die(world, dice, ("gateway",))
    world.asking.until_told(TOLD_S)


def kill_several(world: World, dice: Random) -> None:
    """Some members die at the same moment."""
    _die(world, dice, tuple(dice.sample(list(MEMBERS), dice.randint(2, 5))))


def kill_all(world: World, dice: Random) -> None:
    """All members die at the same moment."""
    _die(world, dice, tuple(MEMBERS))


def kill_workers(world: World, dice: Random) -> None:
    """Every worker of every provider dies, and is away for longer than a lease."""
    workers = ("alpha", "alpha-2", "beta")
    world.fleet.kill(*workers)
    time.sleep(dice.uniform(5, 8))
    world.over()
    world.fleet.start(*workers)


def _die(world: World, dice: Random, members: tuple[str, ...]) -> None:
    time.sleep(dice.uniform(0, 0.5))
    world.fleet.kill(*members)
    world.over()
    world.fleet.start(*members)


def stall(world: World, dice: Random) -> None:
    """A member stands still, and goes on as if nothing had been: its leases and its place in the group may be gone."""
    with world.fleet.stalled(dice.choice(list(MEMBERS))):
        time.sleep(dice.uniform(*STALLS_S))


def stall_worker(world: World, dice: Random) -> None:
    """A worker stands still for longer than its leases; another takes its calls over, and then it comes back."""
    with world.fleet.stalled(dice.choice(("alpha", "alpha-2"))):
        time.sleep(dice.uniform(6, 9))


def rolling_restart(world: World, dice: Random) -> None:
    """Every member is stopped in good order and started again, one after the other, as a deployment does."""
    members = list(MEMBERS)
    dice.shuffle(members)
    for member in members:
        world.fleet.stop(member)
        world.fleet.start(member)


def rebalance_storm(world: World, dice: Random) -> None:
    """Further members join every group and leave again, every few seconds."""
    for _ in range(STORM_ROUNDS):
        guests = tuple(dice.sample(list(GUESTS), 3))
        world.fleet.start(*guests)
        time.sleep(dice.uniform(0, STORM_STAY_S))
        world.fleet.stop(*guests)
