"""The positions of the services' consumer groups, as an operator's tool sees and moves them."""

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

WITHIN_S = 30.0
Positions = dict[tuple[str, int], int]


class Groups:
    """The groups whose names begin with a prefix."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix

    @property
    def _admin(self) -> AdminClient:
        # Asked for anew, since one that knew a broker before its restart may not find it again. It has no close(), and
        # would tell the end of Kafka on standard error.
        return AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 0})

    def positions(self) -> dict[str, Positions]:
        """Where each group goes on reading; a group that has read nothing yet is left out."""
        listed = self._admin.list_consumer_groups().result(WITHIN_S).valid
        mine = {each.group_id: self._of(each.group_id) for each in listed if each.group_id.startswith(self._prefix)}
        return {group: positions for group, positions in mine.items() if positions}

    def rewind(self) -> None:
        """Let every group read everything again. Its members must have left."""
        for group, positions in self.positions().items():
            self.move(group, dict.fromkeys(positions, 0))

    def move(self, group: str, to: Positions) -> None:
        """Let a group go on reading from these offsets. Its members must have left."""
        places = [TopicPartition(topic, number, offset) for (topic, number), offset in to.items()]
        [moved] = self._admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values()
        moved.result(WITHIN_S)

    def behind(self) -> dict[str, int]:
        """How many records each group has still to read; those that have read all are left out."""
        found = self.positions()
        places = {place for positions in found.values() for place in positions}
        asked = {TopicPartition(*place): OffsetSpec.latest() for place in places}
        ends = {
            (at.topic, at.partition): told.result(WITHIN_S).offset
            for at, told in self._admin.list_offsets(asked).items()
        }
        lags = {group: sum(ends[at] - offset for at, offset in positions.items()) for group, positions in found.items()}
        return {group: lag for group, lag in lags.items() if lag}

    def _of(self, group: str) -> Positions:
        [told] = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        return {(at.topic, at.partition): at.offset for at in told.result(WITHIN_S).topic_partitions if at.offset >= 0}
