"""How much large content a worker has in memory: its calls, many at once, would each hold one several times over."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, replace

from schemas.attempt import AttemptDispatched
from services.model_worker.adapters.desk import Perform
from services.model_worker.domain.claims import Claim, Finished


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    size: int
    let_in: asyncio.Future[None]


class ContentRoom:
    """Lets calls with content by reference begin while what they hold together is at most ``most_bytes``; one alone
    always may. The others wait, in the order in which they came, and their time runs. Calls without any pass.
    """

    def __init__(self, most_bytes: int, perform: Perform) -> None:
        self._most_bytes = most_bytes
        self._perform = perform
        self._waiting: deque[_Waiting] = deque()
        self._held = 0

    async def perform(self, claim: Claim) -> Finished:
        """As :meth:`ModelCalls.perform`, once there is room."""
        event, came = claim.dispatched(), time.monotonic()
        size = referred_bytes(event)
        if not size and claim.read_before is event:
            return await self._perform(claim)  # as nearly all are: a copy of each would be a tenth of what it takes
        await self._take(size)
        try:
            left_s = claim.remaining_s - (time.monotonic() - came)
            return await self._perform(replace(claim, read_before=event, remaining_s=left_s))
        finally:
            self._leave(size)

    async def _take(self, size: int) -> None:
        if size == 0 or (not self._waiting and self._fits(size)):
            self._held += size
            return
        me = _Waiting(size, asyncio.get_running_loop().create_future())
        self._waiting.append(me)
        try:
            await me.let_in
        except asyncio.CancelledError:
            if not me.let_in.cancelled():  # it was let in at this very moment
                self._leave(size)
            raise

    def _leave(self, size: int) -> None:
        self._held -= size
        while self._waiting and ((first := self._waiting[0]).let_in.done() or self._fits(first.size)):
            self._waiting.popleft()
            if not first.let_in.done():
                self._held += first.size
                first.let_in.set_result(None)

    def _fits(self, size: int) -> bool:
        return self._held == 0 or self._held + size <= self._most_bytes


def referred_bytes(event: AttemptDispatched) -> int:
    """Bytes of the contents that its call brings from the object store."""
    others = (event.doubted, event.repair and event.repair.answer, event.repair and event.repair.told)
    return sum(body.bytes for body in (event.body, *others) if body is not None and body.ref is not None)
