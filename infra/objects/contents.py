"""The content that a handler is about to read: fetched by the bus when a handler says that it needs it."""

import asyncio
import logging

from infra.objects.store import ContentLost, ObjectsAway, ObjectStore
from schemas.content import Body
from schemas.reaction import ContentAway, Refused

log = logging.getLogger(__name__)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0


class FetchedContents:
    """Implements :class:`schemas.content.Contents`. One content is held at a time: handlers are called one by one."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._held: tuple[str | None, str] | None = None

    def text(self, body: Body) -> str:
        """Raises :class:`ContentAway` for content by reference that was not fetched last."""
        if body.inline is not None:
            return body.inline
        if self._held is None or self._held[0] != body.sha256:
            raise ContentAway(body)
        return self._held[1]

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
                self._held = (body.sha256, (await self._store.get(body)).decode(errors="replace"))
                return
            except ObjectsAway as error:
                log.warning("%s, again in %.1f s", error, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
