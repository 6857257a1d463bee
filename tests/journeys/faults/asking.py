"""Clients that ask the gateway over HTTP, each under a key of its own, and again until they are told an end."""

import asyncio
import threading
from collections.abc import Mapping
from uuid import UUID, uuid4

import httpx
from pipeline.waiting import until

from journeys.faults.books import Told
from journeys.faults.load import request_body
from schemas.content import Json

PATH = "/v1/chat/completions"
AGAIN = frozenset({"stopping", "no_answer", "not_acknowledged", "not_taken", "overloaded", "idempotency_away"})
"""Codes that tell a client to ask again under its key; any other is its request's end."""
AGAIN_S = 0.2
ANSWER_S = 120.0


class Asking:
    """Asks the gateway at ``url`` in a thread, one load at a time. ``told``: what was heard of each request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._number = 0
        self._asked = 0
        self._thread: threading.Thread | None = None
        self.told: list[Told] = []

    def begin(self, count: int) -> None:
        """Ask for as many at once, in the background."""
        self._asked, self.told = 0, []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all(count)), name="asking", daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """A new run."""
        self.told = []

    @property
    def waiting(self) -> int:
        """Clients that have asked and were told nothing yet."""
        return self._asked - len(self.told)

    def until_told(self, within_s: float) -> None:
        """Wait until each was told an end."""
        until(lambda: self._thread is not None and not self._thread.is_alive(), "all clients are told", within_s)

    async def _all(self, count: int) -> None:
        bounds = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self.url, limits=bounds, timeout=ANSWER_S, trust_env=False) as client:
            await asyncio.gather(*(self._ask(client, self._body()) for _ in range(count)))

    def _body(self) -> Json:
        self._number += 1
        asked = request_body(self._number, uuid4())
        portfolio = {"lane": asked.pop("lane")}
        del asked["request_id"]
        return {"model": "auto", **asked, "portfolio": portfolio}

    async def _ask(self, client: httpx.AsyncClient, body: Json) -> None:
        key = {"idempotency-key": str(uuid4())}
        self._asked += 1
        while (told := await _told(client, body, key)) is None:  # noqa: ASYNC110 only the gateway knows
            await asyncio.sleep(AGAIN_S)
        self.told.append(told)


async def _told(client: httpx.AsyncClient, body: Json, key: Mapping[str, str]) -> Told | None:
    """What the client hears; nothing where the connection breaks, or it is to ask again."""
    try:
        answer = await client.post(PATH, json=body, headers=key)
    except httpx.TransportError:
        return None
    if not answer.is_success and answer.json()["error"]["code"] in AGAIN:
        return None
    return Told(UUID(answer.headers["x-portfolio-request-id"]), is_answered=answer.is_success)
