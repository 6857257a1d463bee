"""Where a consumer group reads on, and moving it back to a time while none of its members lives."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from infra.bus.ending import end_client, end_whole
from services.console.domain.failures import Refused


@dataclass(frozen=True, slots=True, order=True)
class Back:
    """A partition that is to be read again: from ``to`` on, where the group stood at ``stood``."""

    topic: str
    partition: int
    to: int
    stood: int


class GroupOffsets:
    """One group's offsets. Open it with ``async with``; Kafka's errors are the caller's to tell."""

    def __init__(self, connection: Mapping[str, Any], group: str) -> None:
        self._group = group
        self._admin = AIOKafkaAdminClient(**connection)
        self._consumer = AIOKafkaConsumer(group_id=group, enable_auto_commit=False, **connection)
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            for client, end in ((self._admin, self._end_admin), (self._consumer, self._end_consumer)):
                self._closing.push_async_callback(end)
                await client.start()
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None):
        await self._closing.aclose()

    async def _end_admin(self) -> None:
        await end_whole(self._admin.close())

    async def _end_consumer(self) -> None:
        await end_client(self._consumer)

    async def back_to(self, since: datetime) -> list[Back]:
        """The partitions of which something since that time was read. Raises :class:`Refused` while members live."""
        await self._refuse_members()
        stood = await self._committed()
        self._consumer.assign(list(stood))
        wanted = dict.fromkeys(stood, int(since.timestamp() * 1000))
        found = await self._consumer.offsets_for_times(wanted) if wanted else {}
        earlier = ((each, at.offset) for each, at in found.items() if at is not None and at.offset < stood[each])
        return sorted(Back(each.topic, each.partition, to, stood[each]) for each, to in earlier)

    async def move(self, back: Sequence[Back]) -> None:
        """Kafka itself refuses this where a member came meanwhile."""
        if back:
            await self._consumer.commit({TopicPartition(each.topic, each.partition): each.to for each in back})

    async def _refuse_members(self) -> None:
        answers: list[Any] = await self._admin.describe_consumer_groups([self._group])
        for answer in answers:
            for code, group, _, _, _, members, *_ in answer.groups:
                if code:
                    raise for_code(code)(f"the group {group} cannot be described")
                if members:
                    told = f"{len(members)} of {group} run: stop them all, wait a minute, and say it again"
                    raise Refused(told)

    async def _committed(self) -> dict[TopicPartition, int]:
        """Of partitions that are still there."""
        offsets = await self._admin.list_consumer_group_offsets(self._group)
        there = {
            TopicPartition(topic["topic"], each["partition"])
            for topic in await self._admin.describe_topics()
            for each in topic["partitions"]
        }
        return {each: at.offset for each, at in offsets.items() if each in there and at.offset >= 0}
