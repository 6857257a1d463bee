"""The ids that a replica may mint: those whose ends come to its own partitions."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Share:
    """The partitions of one replica of ``count``: those with ``number % count == index``."""

    index: int
    count: int
    partitions: int

    def __post_init__(self) -> None:
        if self.index >= self.partitions:
            raise ValueError(
                f"replica {self.index} of {self.count} has none of the {self.partitions} partitions: "
                f"run at most {self.partitions} replicas, or raise TOPIC_PARTITIONS"
            )

    def owns(self, partition: int) -> bool:
        """Whether this replica reads that partition."""
        return partition % self.count == self.index


def minted(share: Share, draw: Callable[[], UUID], partition_of: Callable[[UUID, int], int]) -> UUID:
    """The first id drawn whose end comes to this replica; on average it takes as many draws as there are replicas.

    ``partition_of``: where Kafka's producer puts an id's events among so many partitions.
    """
    while not share.owns(partition_of(found := draw(), share.partitions)):
        pass
    return found
