"""The contents of one call, which may lie in the object store: fetched before it, kept after it, each in its time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from infra.objects.failures import ContentElsewhere, ContentLost, KeyMissing, KeyWrong, ObjectsAway
from infra.objects.seal import DataKey
from infra.objects.vault import Vault
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Repair
from schemas.content import Body, body_of
from schemas.deadlines import TIMER_GRACE
from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import CallFailed
from services.model_worker.domain.claims import LATE
from services.model_worker.domain.outcomes import AttemptEnded, goes_by_reference, unkept
from services.model_worker.domain.preparation import Listed, Prepared, prepare

log = logging.getLogger(__name__)
KEEPING_S = TIMER_GRACE.total_seconds()
"""So long may an answer that came just in time take to be kept: its timer waits for it as long."""
TOO_SLOW = "the object store did not take it in the attempt's time: see OBJECTS_URL"


class CallContents:
    """Fetches and keeps them by ``contents``; the rest is as in :class:`ModelCalls`."""

    def __init__(
        self, contents: Vault, revision: Callable[[str], Awaitable[Portfolio]], listed: Listed, most_bytes: int
    ) -> None:
        self._contents = contents
        self._revision = revision
        self._listed = listed
        self._most_bytes = most_bytes

    async def prepared(self, event: AttemptDispatched, within_s: float) -> tuple[Prepared | CallFailed, DataKey | None]:
        """The call, and the key that opened its question: the answer is sealed with it, wherever the store is then.

        ``LATE`` where that is not done within this time.
        """
        try:
            async with asyncio.timeout(within_s):
                return await self._prepared(event)
        except TimeoutError:
            return LATE, None

    async def carried(self, ending: AttemptEnded, key: DataKey | None, within_s: float) -> AttemptEnded:
        """The ending as Kafka may carry it: the vectors of many texts by reference, of sealed content sealed.

        A failure where the answer is not kept within this time, and a little more.
        """
        if isinstance(ending, AttemptFailed):
            return ending
        is_large = goes_by_reference(ending, self._most_bytes)
        if not is_large and key is None:
            return ending
        try:
            async with asyncio.timeout(max(0.0, within_s) + KEEPING_S):
                return await self._kept(ending, key, is_large=is_large)
        except ObjectsAway as error:
            return unkept(ending, str(error))
        except TimeoutError:
            return unkept(ending, TOO_SLOW)
        except Exception as error:
            name = type(error).__name__
            log.error("the answer of attempt %s cannot be kept: %s", ending.attempt.attempt_id, name)
            return unkept(ending, name)

    async def _prepared(self, event: AttemptDispatched) -> tuple[Prepared | CallFailed, DataKey | None]:
        try:
            portfolio = await self._revision(event.request.revision)
        except NotYet:
            detail = f"this worker has not heard of revision {event.request.revision} of the portfolio"
            return CallFailed(Reason.PROVIDER_ERROR, detail), None
        try:
            key = await self._key(event)
            return prepare(await self._whole(event, key), portfolio, self._listed), key
        except (ObjectsAway, ContentElsewhere, KeyMissing, KeyWrong) as error:
            return CallFailed(Reason.PROVIDER_ERROR, str(error)), None
        except ContentLost as error:
            return CallFailed(Reason.INVALID_REQUEST, str(error)), None

    async def _key(self, event: AttemptDispatched) -> DataKey | None:
        if event.body.key_id is None:
            return None
        return await self._contents.key_of(event.body.key_id, event.request.request_id)

    async def _whole(self, event: AttemptDispatched, key: DataKey | None) -> AttemptDispatched:
        """The event with its content in it. Raises :class:`ContentLost` or :class:`ObjectsAway`."""
        if event.body.is_plain:
            return event
        doubted, repair = event.doubted, event.repair
        if doubted is not None:
            doubted = await self._opened(event, doubted, key)
        if repair is not None and repair.told is not None:
            told = (await self._opened(event, repair.told, key)).text()
            repair = Repair(answer=await self._opened(event, repair.answer, key), message=told)
        body = await self._opened(event, event.body, key)
        return event.model_copy(update={"body": body, "doubted": doubted, "repair": repair})

    async def _opened(self, event: AttemptDispatched, body: Body, key: DataKey | None) -> Body:
        return body_of(await self._contents.content(body, event.request.request_id, key))

    async def _kept(self, ending: AttemptCompleted, key: DataKey | None, *, is_large: bool) -> AttemptCompleted:
        content = ending.answer.text().encode()
        if key is not None:
            kept = await self._contents.sealed(content, key, by_reference=is_large)
        else:
            kept = await self._contents.put(content)
        return ending.model_copy(update={"answer": kept})
