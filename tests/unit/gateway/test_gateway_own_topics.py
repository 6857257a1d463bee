"""A topic that gets partitions under way loses answers: the gateway says so, and what mends it."""

import logging

import pytest

from services.gateway.adapters.own_topics import OwnTopics, PartitionsDiffer

FOUR = {"request.completed": 4, "request.failed": 4}


class Cluster:
    """What is on it, and may be changed."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    async def count(self) -> dict[str, int]:
        return dict(self.counts)


async def test_while_nothing_changes_it_is_ready() -> None:
    topics = OwnTopics(Cluster(FOUR).count)
    assert await topics.counted() == 4
    await topics.look()
    assert await topics.changed() is None


async def test_partitions_that_were_added_are_told_once_with_the_way_out(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster(FOUR)
    topics = OwnTopics(cluster.count)
    await topics.counted()
    cluster.counts = FOUR | {"request.completed": 6}
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            await topics.look()
    [line] = caplog.messages
    assert line == await topics.changed()
    assert "request.completed has 6, and had 4" in line
    assert "give request.failed 6 as well (kafka-topics.sh --alter --partitions 6)" in line
    assert "set TOPIC_PARTITIONS=6, and restart every gateway" in line
    cluster.counts = FOUR
    await topics.look()
    assert await topics.changed() is None


async def test_a_start_on_counts_that_differ_names_all_and_the_same_way_out() -> None:
    odd = {"request.completed": 6, "request.failed": 4, "request.deferred": 4}
    with pytest.raises(PartitionsDiffer, match=r"request\.failed has 4") as caught:
        await OwnTopics(Cluster(odd).count).counted()
    assert "give request.failed, request.deferred 6 as well" in str(caught.value)
