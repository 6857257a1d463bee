"""The reviews' topics: read whole, without a group, with the traces that their records belong to."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from infra.bus.lenient_records import read_leniently
from infra.bus.whole import batches_to
from schemas.envelope import header, time_from_ms
from schemas.review import ReviewAnswered, ReviewClaimed, ReviewRequested
from services.console.domain.reviews import Claimed, Review, Spoken, reviews_of

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    Record = ConsumerRecord[Any, Any]


class ReviewTopics:
    """``partitions``: the counts of our topics on the cluster, by physical name."""

    def __init__(self, connection: Mapping[str, Any], partitions: Mapping[str, int], prefix: str) -> None:
        self._connection = connection
        self._partitions = partitions
        self._asked, self._answered = f"{prefix}review.requested", f"{prefix}review.answered"
        self._claimed = f"{prefix}review.claimed"

    async def reviews(self) -> dict[UUID, Review]:
        """Every review that the log still holds."""
        asked: list[Review] = []
        spoken: list[Spoken] = []
        claims: list[Claimed] = []
        async for record in self._records():
            try:
                self._take(record, asked, spoken, claims)
            except ValidationError:
                continue  # anybody can write to a topic that lets him: escalation puts such a record aside
        return reviews_of(asked, spoken, claims)

    def _take(self, record: "Record", asked: list[Review], spoken: list[Spoken], claims: list[Claimed]) -> None:
        at, value = time_from_ms(record.timestamp), record.value or b""
        if record.topic == self._asked:
            asked.append(Review(ReviewRequested.read(value), at, header(record.headers, "traceparent")))
        elif record.topic == self._claimed:
            claims.append(Claimed(ReviewClaimed.read(value), at))
        else:
            spoken.append(Spoken(ReviewAnswered.read(value), at))

    async def _records(self) -> "AsyncIterator[Record]":
        read_leniently()
        async with AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", **self._connection
        ) as consumer:
            topics = (self._asked, self._answered, self._claimed)
            mine = [TopicPartition(t, number) for t in topics for number in range(self._partitions.get(t, 0))]
            consumer.assign(mine)
            ends = await consumer.end_offsets(mine) if mine else {}
            async for found in batches_to(consumer, ends):
                for records in found.values():
                    for record in records:
                        yield record
