"""A stream while its answer is not known: what is written of it is shown, and what becomes of it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import StreamForm
from schemas.request import RequestSubmitted
from schemas.streamed import AnswerStreamed
from services.gateway.adapters.client import ClientLeft
from services.gateway.adapters.event_stream import TAKEN_WITHIN_S
from services.gateway.adapters.live_streams import Feed, LiveStreams
from services.gateway.adapters.waiting import End, Heard
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.live import (
    UNVERIFIED,
    LiveStream,
    cut_short,
    escalation_told,
    failure_told,
    place_told,
    superseded,
    voided,
)
from services.gateway.domain.problems import Refused
from services.gateway.domain.shown import Shown

Tell = Callable[[bytes], Awaitable[None]]
PASSED, ESCALATED, SUPERSEDED, FAILED, CUT_SHORT, LEFT = "passed escalated superseded failed cut_short left".split()
"""How a stream ends that showed an answer while it was written."""


@dataclass(slots=True)
class Following:
    """One client's stream. ``remember`` notes the request, so that it is found by its id; whether that could be done.

    What is shown is the beginning of one answer. Nothing is kept of it.
    """

    request_id: UUID
    feed: Feed
    streams: LiveStreams
    live: LiveStream
    reply: Callable[[End], Reply]
    tell: Tell
    remember: Callable[[], Awaitable[bool]]
    waiting: bytes
    progress_s: float
    asked_at: float
    is_own: bool
    shown: Shown = field(default_factory=Shown)
    void: frozenset[UUID] = frozenset()
    is_noted: bool = False

    def wanted(self, submitted: RequestSubmitted) -> RequestSubmitted:
        """The request of a client that reads a stream here."""
        return submitted.model_copy(update={"stream": True}) if self.is_own else submitted

    async def heard(self, ended: Coroutine[Any, Any, Heard]) -> Heard:
        """The end, or that it comes later; meanwhile the client reads what is written, or that it is waited for.

        Raises ``Refused`` once the answer that was shown has failed, and ``ClientLeft`` when nobody reads it any more.
        """
        end = asyncio.create_task(ended)
        try:
            async with asyncio.timeout(None) as limit:
                end.add_done_callback(lambda _: self._has_ended(limit))
                await self._show_until(end)
        except TimeoutError:
            raise ClientLeft from None
        finally:
            end.cancel()
        return end.result()

    def _has_ended(self, limit: asyncio.Timeout) -> None:
        """What is being told then is waited for no longer than the rest will be."""
        self.feed.has_news.set()
        with suppress(RuntimeError):  # nothing was being told
            limit.reschedule(asyncio.get_running_loop().time() + TAKEN_WITHIN_S)

    async def _show_until(self, end: "asyncio.Task[Heard]") -> None:
        while not end.done():
            if not await self._news():
                await self.tell(self.waiting)
            await self._look()
            while not end.done() and (chunk := self.feed.chunk()) is not None:
                await self._show(chunk)

    async def told(self, ended: End) -> Reply:
        """The rest of the answer that was shown; of one that was not, all of it. Raises ``Refused`` for another."""
        if not self.shown:
            if isinstance(ended, RequestCompleted):
                self._note_first_text(StreamForm.VERIFIED)
            return self.reply(ended)
        if isinstance(ended, RequestFailed):
            raise self._noted(FAILED, failure_told(ended))
        rest = self.shown.rest((ended.answer or {}).get("message", {}))
        if rest is None:
            raise self._noted(SUPERSEDED, superseded(ended, await self._place()))
        self._note(PASSED)
        return Reply(200, b"", late=self.live.ended(ended, rest))

    async def broken(self, refused: Refused) -> Refused:
        """What is told when the gateway waits no longer."""
        problem = refused.problem
        if not self.shown or self.is_noted:
            return refused
        if problem.portfolio is not None:
            return self._noted(CUT_SHORT, Refused(replace(problem, message=f"{UNVERIFIED}. {problem.message}")))
        return self._noted(CUT_SHORT, cut_short(problem, str(self.request_id), await self._place()))

    def leave(self) -> None:
        """Nobody reads it any more."""
        if self.shown:
            self._note(LEFT)

    async def _news(self) -> bool:
        try:
            async with asyncio.timeout(self.progress_s):
                await self.feed.has_news.wait()
        except TimeoutError:
            return False
        self.feed.has_news.clear()
        return True

    async def _look(self) -> None:
        """Nothing more is shown of answers that have failed; when one was shown, the stream ends."""
        for escalated in self.feed.escalations():
            self.void |= voided(escalated)
            if self.shown and self.shown.attempt_id in self.void:
                raise self._noted(ESCALATED, escalation_told(escalated, await self._place()))

    async def _show(self, chunk: AnswerStreamed) -> None:
        is_first = not self.shown
        if chunk.attempt_id in self.void or not self.shown.takes(chunk):
            return
        if is_first:
            self._note_first_text(StreamForm.LIVE)
        await self.tell(self.live.told(chunk.delta, chunk.model))

    async def _place(self) -> str:
        return place_told(self.request_id, is_remembered=await self.remember())

    def _note_first_text(self, form: StreamForm) -> None:
        self.streams.note_first_text(form, asyncio.get_running_loop().time() - self.asked_at)

    def _noted(self, how: str, refused: Refused) -> Refused:
        """Noted, and told as what ends what was shown."""
        self._note(how)
        return Refused(refused.problem, self.live.broken(refused.problem))

    def _note(self, how: str) -> None:
        if not self.is_noted:
            self.is_noted = True
            self.streams.ended[how] += 1
