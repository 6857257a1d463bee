"""An upgrade, and the way back: every service is replaced by its other version while requests are in flight."""

from random import Random

from journeys.faults.world import World

ORDER = ("ledger", "escalation", "validator", "alpha", "alpha-2", "beta", "router", "profiler", "gateway")
"""Who hears comes before who says, as docs/operating.md has it."""


def change_version(world: World, dice: Random) -> None:
    """Each member is stopped in good order and started as the other version, one after the other."""
    is_upgrade = world.fleet.change_version()
    for member in ORDER if is_upgrade else reversed(ORDER):
        world.fleet.stop(member)
        world.fleet.start(member)
