"""Pages that are open hear when something changed, by server-sent events, and then ask for themselves again."""

import time
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from infra.awaited import awaited
from services.console.domain.watching import channel_of
from services.console.loops import Watch
from services.console.routes.door import Visit
from services.console.routes.frame import Frame

OPEN_S = 600.0
"""Then the browser comes again by itself, and whether its session holds is asked anew."""
HELLO, CHANGED = "retry: 2000\n\n", "event: changed\ndata:\n\n"
HEADERS = {"x-accel-buffering": "no"}


class LivePages:
    """No content goes this way: a page that hears of a change is loaded as ever, with the same rights."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        return [self._frame.route("/changes", self.changes), Route("/live.js", self.script)]

    async def script(self, _: Request) -> Response:
        kept = {"cache-control": "max-age=3600"}
        return Response(self._frame.pages.script, media_type="text/javascript", headers=kept)

    async def changes(self, visit: Visit) -> Response:
        """A word each time the page at ``page`` may have changed."""
        channel = channel_of(visit.request.query_params.get("page", ""))
        if channel is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "that page does not change by itself")
        told = self._told(channel, visit.csrf)
        return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)

    async def _told(self, channel: str, session: str) -> AsyncIterator[str]:
        until = time.monotonic() + OPEN_S
        with self._desk.watchers.watch(channel, session) as watch:
            yield HELLO
            while await _has_news(watch, until):
                yield CHANGED
            if watch.ended:
                yield f"event: ended\ndata: {watch.ended}\n\n"


async def _has_news(watch: Watch, until: float) -> bool:
    return bool(await awaited(watch.news(), until - time.monotonic()))
