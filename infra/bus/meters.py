"""What a bus counts. While events are handled it is called once a batch; all the rest is done when somebody asks."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from infra.metrics.measure import Buckets, Measure, counter, gauge

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
HOP_HELP = "From the broker's append until an event's effects are safe; each event counts as the oldest of its batch."
PATIENCE_S = 10.0
"""Of a batch. What is at hand for longer waits for another system, whatever that says of itself."""
HANDLING = "what its events need: content, its key, or a revision of the portfolio"
WRITING, SAYING = "the database to take its rows", "Kafka to take what it says"
TOPIC, TIMESTAMP_MS = attrgetter("topic"), attrgetter("timestamp")


class BusMeters:
    """The meters of one bus. Topics are physical names here, and logical ones where they are told."""

    def __init__(self) -> None:
        self._sizes, self._hops, self._took = Buckets(SIZES), Buckets(SECONDS), Buckets(SECONDS)
        self._heard: Counter[str] = Counter()
        self._said: Counter[str] = Counter()
        self._letters: Counter[str] = Counter()
        self._at_hand: Sequence[ConsumerRecord[Any, Any]] = ()
        self._started = 0.0
        self.waits_for = HANDLING
        self.lag: dict[str, int] = {}

    def begin(self, records: "Sequence[ConsumerRecord[Any, Any]]") -> None:
        """A batch was read."""
        self._at_hand = records
        self._started = time.time()
        self.waits_for = HANDLING

    def end(self) -> None:
        """The effects of the batch are safe."""
        records, self._at_hand = self._at_hand, ()
        now, size = time.time(), len(records)
        self._sizes.add(size)
        self._took.add(now - self._started)
        self._hops.add(max(0.0, now - min(map(TIMESTAMP_MS, records)) / 1_000), size)
        self._heard.update(map(TOPIC, records))

    async def unfinished(self) -> str | None:
        """What the batch at hand has waited for, if that took long."""
        waited_s = time.time() - self._started
        if not self._at_hand or waited_s < PATIENCE_S:
            return None
        return f"a batch of {len(self._at_hand)} events has waited {waited_s:.0f} s for {self.waits_for}"

    def said(self, topics: Iterable[str]) -> None:
        """An event was acknowledged on each of these topics."""
        self._said.update(topics)

    def letter(self, reason: str) -> None:
        """An event was put aside."""
        self._letters[reason] += 1

    def measures(self, logical: Callable[[str], str]) -> list[Measure]:
        """All of it, for a scrape."""

        def by_topic(counts: "Callable[[], dict[str, int]]") -> Callable[[], dict[str, float]]:
            return lambda: {logical(topic): count for topic, count in counts().items()}

        heard, said, lag = (by_topic(read) for read in (lambda: self._heard, lambda: self._said, lambda: self.lag))
        return [
            counter("portfolio_events_heard_total", "Events whose effects are safe.", heard, "topic"),
            counter("portfolio_events_said_total", "Events that Kafka acknowledged.", said, "topic"),
            counter("portfolio_dead_letters_total", "Events put aside.", lambda: self._letters, "reason"),
            gauge("portfolio_consumer_lag_events", "Events on our partitions not done yet.", lag, "topic"),
            Measure("portfolio_batch_events", "histogram", "Events in a batch.", lambda: self._sizes),
            Measure("portfolio_batch_seconds", "histogram", "From reading a batch to its commit.", lambda: self._took),
            Measure("portfolio_hop_seconds", "histogram", HOP_HELP, lambda: self._hops),
        ]
