"""What of a topic that is there is told to be otherwise than it should be."""

from dataclasses import replace

import pytest

from infra.bus.config import BusConfig
from infra.bus.topic_differences import Found, differences_of
from infra.bus.topics import insync_of, settings_of
from schemas.topics import names_to_create

CONFIG = BusConfig(topic_replication=3)
WANTED = settings_of(CONFIG, "attempt.completed")
AS_MADE = Found(3, {"cleanup.policy": "delete", **WANTED.settings})


def otherwise(found: Found, config: BusConfig = CONFIG) -> list[tuple[str, str, str, bool]]:
    return [(each.setting, each.found, each.wanted, each.wrong) for each in differences_of(config, WANTED, found)]


def test_a_topic_as_it_was_made_differs_in_nothing() -> None:
    assert otherwise(AS_MADE) == []


@pytest.mark.parametrize(
    ("setting", "found", "wanted", "wrong"),
    [
        ("min.insync.replicas", "1", "2", True),
        ("min.insync.replicas", "3", "2", True),
        ("message.timestamp.type", "CreateTime", "LogAppendTime", True),
        ("cleanup.policy", "compact", "delete", True),
        ("max.message.bytes", "1048576", "8388608", True),
        ("retention.ms", "86400000", "604800000", False),
    ],
)
def test_each_setting_is_compared(setting: str, found: str, wanted: str, wrong: bool) -> None:
    there = replace(AS_MADE, settings={**AS_MADE.settings, setting: found})
    assert otherwise(there) == [(setting, found, wanted, wrong)]


def test_fewer_copies_than_asked_for_are_told_and_more_are_not() -> None:
    assert otherwise(replace(AS_MADE, replication=1)) == [("replication", "1", "3", True)]
    one = BusConfig(topic_replication=1)
    assert otherwise(AS_MADE, one) == [], "the copies that are there count, whatever this process was told"
    alone = Found(3, {**AS_MADE.settings, "min.insync.replicas": "1"})
    assert otherwise(alone, one) == [("min.insync.replicas", "1", "2", True)]


def test_room_for_larger_events_than_ours_is_no_difference() -> None:
    assert otherwise(replace(AS_MADE, settings={**AS_MADE.settings, "max.message.bytes": "99999999"})) == []


def test_each_difference_says_the_command_that_mends_it() -> None:
    there = Found(2, {**AS_MADE.settings, "min.insync.replicas": "1"})
    copies, insync = differences_of(CONFIG, WANTED, there)
    assert copies.remedy == "kafka-reassign-partitions.sh, with 3 replicas a partition of attempt.completed"
    alter = "kafka-configs.sh --alter --entity-type topics --entity-name attempt.completed"
    assert insync.remedy == f"{alter} --add-config min.insync.replicas=2"


@pytest.mark.parametrize(("replication", "insync"), [(1, 1), (2, 1), (3, 2), (5, 4)])
def test_one_broker_may_be_away_and_every_topic_says_so(replication: int, insync: int) -> None:
    assert insync_of(replication) == insync
    config = BusConfig(topic_replication=replication)
    told = {settings_of(config, name).settings["min.insync.replicas"] for name in names_to_create(["azure"])}
    assert told == {str(insync)}
