"""The streams that are open here: what is written of their answers, and what makes an answer void. In memory."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from infra.metrics.measure import Measure, counter, gauge
from schemas.outcome import RequestEscalated
from schemas.portfolio import StreamForm
from schemas.streamed import AnswerStreamed

MOST_WAITING = 65_536
"""Characters that wait for a client which reads slowly. What comes beyond is not kept: it stands in the answer."""


class Feed:
    """What comes for one stream. ``has_news`` is set by whatever comes, and cleared by who looks."""

    def __init__(self) -> None:
        self.has_news = asyncio.Event()
        self._chunks: deque[AnswerStreamed] = deque()
        self._waiting = 0
        self._escalated: list[RequestEscalated] = []

    def put(self, event: AnswerStreamed | RequestEscalated) -> None:
        """One more event of this request."""
        if isinstance(event, RequestEscalated):
            self._escalated.append(event)
        elif self._waiting < MOST_WAITING:
            self._waiting += _size_of(event)
            self._chunks.append(event)
        self.has_news.set()

    def escalations(self) -> list[RequestEscalated]:
        """Those that came since the last time."""
        found, self._escalated = self._escalated, []
        return found

    def chunk(self) -> AnswerStreamed | None:
        """The next chunk, if there is one."""
        if not self._chunks:
            return None
        found = self._chunks.popleft()
        self._waiting -= _size_of(found)
        return found


class LiveStreams:
    """Feeds by request: as many as clients stream here. And what became of streams, and how soon they began to tell."""

    def __init__(self) -> None:
        self._feeds: dict[UUID, Feed] = {}
        self.ended: Counter[str] = Counter()
        self.first_texts: Counter[str] = Counter()
        self.first_text_ms: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._feeds)

    def measures(self) -> tuple[Measure, ...]:
        """What a scrape is told of them."""
        return (
            gauge("portfolio_streams_open", "Clients that read a stream.", lambda: len(self)),
            counter("portfolio_live_ended_total", "Streams that showed an answer live.", lambda: self.ended, "how"),
            counter("portfolio_first_texts_total", "Streams that told an answer.", lambda: self.first_texts, "form"),
            counter("portfolio_first_text_ms_total", "Until they began to.", lambda: self.first_text_ms, "form"),
        )

    @contextmanager
    def feed(self, request_id: UUID) -> Iterator[Feed]:
        """The feed of a request, for as long as its client streams."""
        found = self._feeds[request_id] = Feed()
        try:
            yield found
        finally:
            del self._feeds[request_id]

    def put(self, event: AnswerStreamed | RequestEscalated) -> None:
        """Hand an event to whoever streams it here; most often nobody does."""
        request_id = event.request_id if isinstance(event, AnswerStreamed) else event.request.request_id
        if (feed := self._feeds.get(request_id)) is not None:
            feed.put(event)

    def note_first_text(self, form: StreamForm, after_s: float) -> None:
        """A client read the first of its answer so long after it had asked."""
        self.first_texts[form] += 1
        self.first_text_ms[form] += round(after_s * 1000)


def _size_of(chunk: AnswerStreamed) -> int:
    return len(str(chunk.delta))
