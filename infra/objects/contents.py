"""The content that a handler is about to read: fetched by the bus when a handler says that it needs it."""

import asyncio
import logging

from infra.objects.store import ContentLost, ObjectsAway, ObjectStore
from schemas.content import Body
from schemas.reaction import ContentAway, Refused

log = logging.getLogger(__name__)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
MOST_HELD = 2
"""A question, and the vectors that answer it."""


class FetchedContents:
    """Implements :class:`schemas.content.Contents`. Handlers are called one by one, and one needs a few at most."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._held: dict[str, str] = {}

    def text(self, body: Body) -> str:
        """Raises :class:`ContentAway` for content by reference that was not fetched lately."""
        if body.inline is not None:
            return body.inline
        if body.sha256 not in self._held:
            raise ContentAway(body)
        return self._held[body.sha256]

    async def bring(self, body: Body) -> Refused | None:
        """Hold the content of a body, however long its store is away; why its event is refused, if it is lost."""
        try:
            await self._fetch(body)
        except ContentLost as lost:
            return Refused("content_lost", str(lost))
        return None

    async def _fetch(self, body: Body) -> None:
        wait = FIRST_WAIT_S
        while True:
            try:
                content = (await self._store.get(body)).decode(errors="replace")
                self._held = dict([*self._held.items(), (body.sha256, content)][-MOST_HELD:])
                return
            except ObjectsAway as error:
                log.warning("%s, again in %.1f s", error, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
