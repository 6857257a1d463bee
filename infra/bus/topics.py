"""Topics, made from the registry and never by accident."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from infra.bus.config import BusConfig
from infra.bus.ending import end_whole
from infra.wrong_settings import WrongSetting
from schemas.request import RequestSubmitted
from schemas.topics import DAY, DEAD_LETTER_RETENTION, topic_of

log = logging.getLogger(__name__)
SEEN_WAIT_S = 0.05
TIMESTAMP_TYPE = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """What a topic is to be on the cluster."""

    name: str
    partitions: int
    settings: dict[str, str]


class TopicsUnlike(WrongSetting):
    """A topic on the cluster is not what the registry says."""


def settings_of(config: BusConfig, name: str) -> TopicSettings:
    """The settings of a logical name. Raises ``KeyError`` for a name that the registry does not know."""
    always = {**TIMESTAMP_TYPE, "min.insync.replicas": str(insync_of(config.topic_replication))}
    inside = {**always, "max.message.bytes": str(config.kafka_max_event_bytes)}
    if name.startswith("dead-letters."):
        letters = {**always, "max.message.bytes": str(config.letter_bytes)}
        return TopicSettings(config.physical(name), 1, letters | _kept(DEAD_LETTER_RETENTION))
    topic = topic_of(name)
    if topic.compacted:
        return TopicSettings(config.physical(name), 1, {**inside, "cleanup.policy": "compact"})
    # What comes in is kept to the cluster's own limit, so that all that follows from it fits.
    limits = always if topic.event is RequestSubmitted else inside
    partitions = config.topic_partitions if topic.by_request else 1
    return TopicSettings(config.physical(name), partitions, limits | _kept(topic.retention))


def insync_of(replication: int) -> int:
    """The copies that must have an event before it counts as taken: all but one, so that one broker may be away."""
    return max(1, replication - 1)


def _kept(time: timedelta) -> dict[str, str]:
    """Kafka lets go of whole segments only, which last a week by themselves."""
    told = str(int(time.total_seconds() * 1000))
    return {"retention.ms": told} | ({"segment.ms": told} if time < DAY else {})


@asynccontextmanager
async def admin_of(config: BusConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that is started, and ended whole whatever happens."""
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        yield admin
    finally:
        await end_whole(admin.close())


async def existing(config: BusConfig) -> dict[str, int]:
    """Partition counts of the topics on the cluster that carry our prefix, by physical name."""
    async with admin_of(config) as admin:
        described = await admin.describe_topics()
    mine = (topic for topic in described if topic["topic"].startswith(config.topic_prefix))
    return {topic["topic"]: len(topic["partitions"]) for topic in mine}


async def plan(config: BusConfig, names: Iterable[str]) -> list[TopicSettings]:
    """What is still to be created. Raises :class:`TopicsUnlike` where partition counts differ from the settings."""
    there = await existing(config)
    wanted = [settings_of(config, name) for name in names]
    if told := why_unlike(wanted, there):
        raise TopicsUnlike(told)
    return [topic for topic in wanted if topic.name not in there]


def why_unlike(wanted: Sequence[TopicSettings], there: Mapping[str, int]) -> str | None:
    """Which topics have other partitions than is configured, all of them, and what mends it. Kafka takes none away."""
    found = [topic for topic in wanted if there.get(topic.name, topic.partitions) != topic.partitions]
    if not found:
        return None
    told = "; ".join(_counted(topic, there) for topic in found)
    alone = [topic.name for topic in found if topic.partitions == 1]
    if alone:
        return f"{told}: re-create {', '.join(alone)} with one partition, or set TOPIC_PARTITIONS to what others have"
    most = max(there.get(topic.name, 0) for topic in wanted if topic.partitions == found[0].partitions)
    fewer = [topic.name for topic in wanted if topic.partitions > 1 and there.get(topic.name, most) < most]
    grow = "".join(f"; kafka-topics.sh --alter --topic {name} --partitions {most}" for name in fewer)
    return f"{told}: set TOPIC_PARTITIONS={most} for every service{grow}"


def _counted(topic: TopicSettings, there: Mapping[str, int]) -> str:
    return f"topic {topic.name} has {there[topic.name]} partitions, and {topic.partitions} are configured"


async def create(config: BusConfig, names: Iterable[str]) -> list[str]:
    """Create what is missing; the physical names that were made. Another process may do the same at once."""
    missing = await plan(config, names)
    if not missing:
        return []
    async with admin_of(config) as admin:
        response = await admin.create_topics([_new_topic(config, topic) for topic in missing])
    for name, code, *_ in response.topic_errors:  # pyright: ignore[reportAttributeAccessIssue] one of a version's own
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(f"topic {name} could not be created")
    await _until_seen(config, {topic.name for topic in missing})
    return [topic.name for topic in missing]


async def _until_seen(config: BusConfig, names: set[str]) -> None:
    # Kafka acknowledges a topic before every broker knows it.
    while not names <= (await existing(config)).keys():  # noqa: ASYNC110 only Kafka knows
        await asyncio.sleep(SEEN_WAIT_S)


def _new_topic(config: BusConfig, topic: TopicSettings) -> NewTopic:
    return NewTopic(topic.name, topic.partitions, config.topic_replication, topic_configs=topic.settings)
