"""The positions of the services' consumer groups, as an operator's tool sees and moves them."""

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

WITHIN_S = 30.0
Positions = dict[tuple[str, int], int]


class Groups:
    """The groups whose names begin with a prefix.

    A client of the broker is made for each question, and kept until it is answered: one that knew the broker before a
    restart may not find it again. It has no close(), and would tell the end of Kafka on standard error.
    """

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._address = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._prefix = prefix

    def positions(self) -> dict[str, Positions]:
        """Where each group goes on reading; a group that has read nothing yet is left out."""
        admin = AdminClient(self._address)
        listed = admin.list_consumer_groups().result(WITHIN_S)
        names = [each.group_id for each in listed.valid if each.group_id.startswith(self._prefix)]
        found = {name: _positions(admin, name) for name in names}
        return {name: positions for name, positions in found.items() if positions}

    def rewind(self) -> None:
        """Let every group read everything again. Its members must have left."""
        for group, positions in self.positions().items():
            self.move(group, dict.fromkeys(positions, 0))

    def move(self, group: str, to: Positions) -> None:
        """Let a group go on reading from these offsets. Its members must have left."""
        admin = AdminClient(self._address)
        places = [TopicPartition(topic, number, offset) for (topic, number), offset in to.items()]
        [moved] = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values()
        moved.result(WITHIN_S)

    def forget(self, group: str) -> None:
        """Delete a group with its offsets. Its members must have left."""
        admin = AdminClient(self._address)
        [gone] = admin.delete_consumer_groups([group]).values()
        gone.result(WITHIN_S)

    def drop_before(self, offsets: Positions) -> None:
        """Let go of the records before these offsets, as retention does."""
        admin = AdminClient(self._address)
        asked = admin.delete_records([TopicPartition(*place, offset) for place, offset in offsets.items()])
        for dropped in asked.values():
            dropped.result(WITHIN_S)

    def behind(self) -> dict[str, int]:
        """How many records each group has still to read; those that have read all are left out."""
        return {group: lag for group, lag in self.lags().items() if lag}

    def lags(self) -> dict[str, int]:
        """How many records each group has still to read."""
        found = self.positions()
        places = {place for positions in found.values() for place in positions}
        ends = _ends(AdminClient(self._address), places)
        return {group: sum(ends[at] - offset for at, offset in positions.items()) for group, positions in found.items()}


def _positions(admin: AdminClient, group: str) -> Positions:
    [told] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return {(at.topic, at.partition): at.offset for at in told.result(WITHIN_S).topic_partitions if at.offset >= 0}


def _ends(admin: AdminClient, places: set[tuple[str, int]]) -> Positions:
    asked = admin.list_offsets({TopicPartition(*place): OffsetSpec.latest() for place in places})
    return {(at.topic, at.partition): told.result(WITHIN_S).offset for at, told in asked.items()}
