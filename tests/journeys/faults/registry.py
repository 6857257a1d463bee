"""The faults by name."""

from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from types import MappingProxyType

from journeys.faults import deaths, deliveries, outages, sharp_points, upgrades
from journeys.faults.clocks import library
from journeys.faults.fleet import MEMBERS
from journeys.faults.world import CLOCKS, World

Fault = Callable[[World, Random], None]
"""Strikes while requests are in flight; returns when nothing is in the way of recovering any more."""

FAULTS: MappingProxyType[str, Fault] = MappingProxyType(
    {
        **{f"kill {member}": partial(deaths.kill, member=member) for member in MEMBERS if member != "alpha-2"},
        "kill gateway while it is asked": deaths.kill_gateway_asked,
        "kill before storing an answer": sharp_points.kill_before_storing,
        "kill before publishing": sharp_points.kill_before_publishing,
        "kill before committing": sharp_points.kill_before_committing,
        "lose an answer": sharp_points.lose_answer,
        "kill several": deaths.kill_several,
        "kill all": deaths.kill_all,
        "kill all workers": deaths.kill_workers,
        "stall": deaths.stall,
        "stall a worker past its leases": deaths.stall_worker,
        "rolling restart": deaths.rolling_restart,
        "rebalance storm": deaths.rebalance_storm,
        "stop kafka 10 s": partial(outages.stop_kafka, seconds=10),
        "stop kafka 60 s": partial(outages.stop_kafka, seconds=60),
        "kill kafka": outages.kill_kafka,
        "stall kafka": outages.stall_kafka,
        "stop postgres": outages.stop_postgres,
        "kill postgres": outages.kill_postgres,
        "stall postgres": outages.stall_postgres,
        "slow queries": outages.slow_queries,
        **{f"step the clock of {whose}": partial(outages.step_clock, whose=whose) for whose in CLOCKS},
        "poison in every topic": deliveries.poison,
        "offsets rewound": deliveries.rewind,
        "offsets deleted": deliveries.forget,
        "every event twice": deliveries.twice,
        "old and new event versions": deliveries.mixed_versions,
    }
)


UPGRADES: MappingProxyType[str, Fault] = MappingProxyType({"upgrade": upgrades.change_version})
"""What strikes a fleet of an older version."""
CLOCK_FAULTS = frozenset(f"step the clock of {whose}" for whose in CLOCKS)


def left_out(faults: Iterable[str]) -> list[str]:
    """Those of these that cannot strike here: no clock is set without faketime."""
    return [] if library() else [fault for fault in faults if fault in CLOCK_FAULTS]
