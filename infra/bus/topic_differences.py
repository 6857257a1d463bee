"""What topics on the cluster are, against what the registry and the settings say: it keeps what it was once told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from infra.bus.config import BusConfig
from infra.bus.topics import TopicSettings, admin_of, insync_of, settings_of

COMPARED = ("cleanup.policy", "max.message.bytes", "message.timestamp.type", "min.insync.replicas", "retention.ms")
MAY_BE_OTHERWISE = frozenset({"retention.ms"})
"""An operator may keep events for longer, or for less long where disks are small."""


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is: the fewest copies of any of its partitions, and all settings in force."""

    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting of a topic that is not as it should be. ``wrong``: something that is promised does not hold."""

    topic: str
    setting: str
    found: str
    wanted: str
    wrong: bool

    @property
    def remedy(self) -> str:
        """The command of Kafka's own tools, behind ``--bootstrap-server ... --command-config ...``."""
        if self.setting == "replication":
            return f"kafka-reassign-partitions.sh, with {self.wanted} replicas a partition of {self.topic}"
        told = f"--add-config {self.setting}={self.wanted}"
        return f"kafka-configs.sh --alter --entity-type topics --entity-name {self.topic} {told}"


def differences_of(config: BusConfig, wanted: TopicSettings, found: Found) -> Iterator[Difference]:
    """What is otherwise in this topic. More copies than were asked for are none."""
    if found.replication < config.topic_replication:
        copies = str(found.replication), str(config.topic_replication)
        yield Difference(wanted.name, "replication", *copies, wrong=True)
    insync = {"min.insync.replicas": str(insync_of(max(found.replication, config.topic_replication)))}
    expected = {"cleanup.policy": "delete", **wanted.settings, **insync}
    for name in COMPARED:
        is_now, should = found.settings.get(name), expected.get(name)
        if is_now is not None and should is not None and not _fits(name, is_now, should):
            yield Difference(wanted.name, name, is_now, should, wrong=name not in MAY_BE_OTHERWISE)


def _fits(name: str, found: str, wanted: str) -> bool:
    return int(found) >= int(wanted) if name == "max.message.bytes" else found == wanted


async def differences(config: BusConfig, names: Iterable[str]) -> list[Difference]:
    """Of the topics of these names that are there. Raises Kafka's error where their settings may not be read."""
    wanted = {topic.name: topic for topic in (settings_of(config, name) for name in names)}
    found = await _found(config, wanted)
    return [each for name in sorted(found) for each in differences_of(config, wanted[name], found[name])]


async def _found(config: BusConfig, names: Iterable[str]) -> dict[str, Found]:
    async with admin_of(config) as admin:
        described = await admin.describe_topics()
        copies = {topic["topic"]: _copies(topic) for topic in described if topic["topic"] in set(names)}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(copies)]
        answers = await admin.describe_configs(resources) if resources else []
    settings = dict(told for answer in answers for told in _settings(answer))
    return {name: Found(count, settings[name]) for name, count in copies.items()}


def _copies(topic: Mapping[str, Any]) -> int:
    return min(len(partition["replicas"]) for partition in topic["partitions"])


def _settings(answer: Any) -> Iterator[tuple[str, dict[str, str]]]:
    for code, message, _, name, entries in answer.resources:
        if code:
            raise for_code(code)(f"the settings of topic {name} cannot be read: {message}")
        yield name, {entry[0]: entry[1] for entry in entries}
