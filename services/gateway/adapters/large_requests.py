"""Content that is larger than a message of Kafka, in the object store: of requests, few at once; and answers."""

from types import TracebackType
from typing import Self

from pydantic_core import from_json

from infra.objects.store import ContentLost, ObjectsAway, ObjectStore
from schemas.outcome import RequestCompleted
from schemas.request import RequestSubmitted
from services.gateway.adapters.waiting import End
from services.gateway.domain.chat_request import by_reference, content_of
from services.gateway.domain.problems import answer_away, answer_lost, not_kept, too_many_large


class LargeRequests:
    """At most ``at_once`` large bodies are in memory: a request that waits for its answer has left its place."""

    def __init__(self, store: ObjectStore, at_once: int) -> None:
        self._store = store
        self._at_once = at_once
        self._taken = 0

    def place(self) -> "Place":
        """A place for one request, taken only if it turns out to be large."""
        return Place(self)

    def take(self) -> None:
        """Raises ``Refused`` when all places are taken."""
        if self._taken >= self._at_once:
            raise too_many_large(self._at_once)
        self._taken += 1

    def leave(self) -> None:
        """A place is free again."""
        self._taken -= 1

    async def keep(self, asked: RequestSubmitted) -> RequestSubmitted:
        """The request with its content by reference. Raises ``Refused`` when the store takes nothing now."""
        try:
            return by_reference(asked, await self._store.put(content_of(asked)))
        except ObjectsAway:
            raise not_kept() from None

    async def whole(self, end: End) -> End:
        """The end with its answer in it, wherever that is kept. Raises ``Refused`` when it cannot be had."""
        if not isinstance(end, RequestCompleted) or end.body is None:
            return end
        try:
            content = await self._store.get(end.body)
        except ContentLost:
            raise answer_lost() from None
        except ObjectsAway:
            raise answer_away() from None
        return end.model_copy(update={"answer": from_json(content), "body": None})


class Place:
    """One request's place among the large ones; left at the end of its block at the latest."""

    def __init__(self, among: LargeRequests) -> None:
        self._among = among
        self._is_taken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()

    def take(self) -> None:
        """The request is large. Raises ``Refused`` when no place is left."""
        if not self._is_taken:
            self._among.take()
            self._is_taken = True

    @property
    def is_taken(self) -> bool:
        """Whether the request turned out to be large."""
        return self._is_taken

    def leave(self) -> None:
        """What was large is not held any more."""
        if self._is_taken:
            self._is_taken = False
            self._among.leave()

    async def referred(self, asked: RequestSubmitted) -> RequestSubmitted:
        """The request as Kafka can carry it: a large one by reference. Raises ``Refused``."""
        return await self._among.keep(asked) if self._is_taken else asked
