"""The load client for what speaks OpenAI's HTTP API: sends plain requests of the mix, and times each answer."""

import asyncio
import json
import time

import aiohttp

from tests.performance.load import Tally
from tests.performance.mix import MARK, latency_s, sample

TIMEOUT_S = 60.0
WARM_FROM = 10_000_000
"""Numbers of requests that are not measured: far from those that are."""


def body_of(number: int, model: str) -> bytes:
    """The ``number``-th plain request; nothing goes wrong with it at its provider."""
    words = sample(number).prompt.partition("] ")[2]
    prompt = f"[{MARK}{number}:plain:none] {words}"
    return json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}]}).encode()


class HttpLoad:
    """Sends to one URL. Numbers rise from 0, so that every target gets the same requests in the same order."""

    def __init__(self, url: str, model: str, key: str) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._model = model
        self._next = 0
        connector = aiohttp.TCPConnector(limit=0)
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout)

    async def close(self) -> None:
        await self._session.close()

    async def answers(self) -> bool:
        """Whether a request is answered at all."""
        try:
            return (await self._post(WARM_FROM)) is None
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def one_by_one(self, total: int) -> Tally:
        """One request at a time: what an idle system adds."""
        tally, started = Tally(), time.perf_counter()
        for _ in range(total):
            await self._ask(tally)
        return _ended(tally, started)

    async def paced(self, rate: float, seconds: float) -> Tally:
        """``rate`` requests a second for this long, evenly, however long their answers take."""
        tally, started = Tally(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
                group.create_task(self._ask(tally))
        return _ended(tally, started)

    async def saturated(self, total: int, in_flight: int) -> Tally:
        """As fast as answers come, with this many on their way, until ``total`` were sent."""
        tally, started = Tally(), time.perf_counter()

        async def keep_asking() -> None:
            while tally.sent < total:
                await self._ask(tally)

        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(keep_asking())
        return _ended(tally, started)

    async def _ask(self, tally: Tally) -> None:
        number, self._next = self._next, self._next + 1
        tally.sent += 1
        began = time.perf_counter()
        try:
            refused = await self._post(number)
        except (aiohttp.ClientError, TimeoutError) as error:
            refused = type(error).__name__
        if refused is None:
            tally.completed += 1
            tally.added_ms.append((time.perf_counter() - began - latency_s(number, 1)) * 1000)
        else:
            tally.failed += 1
            tally.reasons[refused] = tally.reasons.get(refused, 0) + 1

    async def _post(self, number: int) -> str | None:
        """The status of what was refused, as text; ``None`` for an answer, which is read whole."""
        async with self._session.post(self._url, data=body_of(number, self._model)) as response:
            told = await response.json(content_type=None)
            return None if response.status == 200 and told["choices"] else str(response.status)


def _ended(tally: Tally, started: float) -> Tally:
    tally.seconds = time.perf_counter() - started
    return tally
