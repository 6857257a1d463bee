"""The topics of which a replica hears its part alone: ids are minted by how many partitions they had at its start."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiokafka.errors import KafkaError

log = logging.getLogger(__name__)
LOOK_EVERY_S = 30.0
Counts = Mapping[str, int]


class PartitionsDiffer(Exception):
    """The topics that it hears have different partition counts, so that no id's events come to one replica."""


class OwnTopics:
    """``count`` asks the cluster for the partitions of each topic."""

    def __init__(self, count: Callable[[], Awaitable[Counts]]) -> None:
        self._count = count
        self._at_start: Counts = {}
        self._told: str | None = None

    async def counted(self) -> int:
        """How many partitions each of them has. Raises :class:`PartitionsDiffer`."""
        self._at_start = counts = await self._count()
        if len(set(counts.values())) > 1:
            raise PartitionsDiffer(_differ(counts))
        return next(iter(counts.values()))

    async def changed(self) -> str | None:
        """Why answers do not come here any more; ``None`` while they do."""
        return self._told

    async def look(self) -> None:
        """Count again, and say once where that is not what it was: ids minted here then lie with other replicas."""
        counts = await self._count()
        told = None if counts == self._at_start else _changed(self._at_start, counts)
        if told and told != self._told:
            log.error("%s", told)
        self._told = told

    async def run(self) -> None:
        """Look twice a minute. While Kafka is away nothing is learned."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except (KafkaError, OSError) as error:
                log.debug("the partitions are not counted: %s", type(error).__name__)


def _differ(counts: Counts) -> str:
    told = ", ".join(f"{name} has {count}" for name, count in counts.items())
    return f"partitions differ ({told}): {_remedy(counts)}"


def _changed(before: Counts, now: Counts) -> str:
    pairs = ((name, before.get(name, 0), now.get(name, 0)) for name in sorted({*before, *now}))
    told = ", ".join(f"{name} has {there}, and had {was}" for name, was, there in pairs if was != there)
    return f"partitions changed since the start, and answers are lost ({told}): {_remedy(now)}"


def _remedy(counts: Counts) -> str:
    """Kafka takes no partition away."""
    most = max(counts.values(), default=0)
    fewer = [name for name, count in counts.items() if count < most]
    grown = f"give {', '.join(fewer)} {most} as well (kafka-topics.sh --alter --partitions {most}), " if fewer else ""
    return f"{grown}set TOPIC_PARTITIONS={most}, and restart every gateway"
