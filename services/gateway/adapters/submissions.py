"""Requests on their way to Kafka: handed over in batches, each with its own patience and its own way back."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.outcome import RequestCancelled
from schemas.request import RequestSubmitted
from schemas.review import FeedbackRecorded
from services.gateway.domain.problems import never_taken, not_taken

Publishable = RequestSubmitted | RequestCancelled | FeedbackRecorded


@dataclass(slots=True, eq=False)
class Submission:
    """A request, feedback on one, or that its client left, to publish.

    ``refusal``: why Kafka will never take it, or ``None`` once it is safe there.
    """

    event: Publishable
    traceparent: str
    refusal: asyncio.Future[str | None]


class Submissions:
    """A queue that forgets who gave up, so that Kafka's absence costs no memory and no late surprise."""

    def __init__(self) -> None:
        self._queued: dict[Submission, None] = {}
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queued)

    async def publish(self, event: Publishable, traceparent: str, within_s: float) -> None:
        """Return once Kafka has it. Raises ``Refused`` when Kafka never will, or when time is up."""
        submission = Submission(event, traceparent, asyncio.get_running_loop().create_future())
        self._queued[submission] = None
        self._some.set()
        try:
            async with asyncio.timeout(within_s):
                why = await submission.refusal
        except TimeoutError:
            raise not_taken(handed_over=submission not in self._queued) from None
        finally:
            self._queued.pop(submission, None)
        if why is not None:
            raise never_taken(why)

    async def take(self) -> list[Submission]:
        """All that is queued, once there is some; from here on it is handed over."""
        while not self._queued:
            self._some.clear()
            await self._some.wait()
        taken = list(self._queued)
        self._queued.clear()
        return taken

    @staticmethod
    def settle(taken: Sequence[Submission], refusals: Mapping[int, str]) -> None:
        """Tell those who still wait that Kafka has it, or, by index, why it never will."""
        for index, submission in enumerate(taken):
            if not submission.refusal.done():
                submission.refusal.set_result(refusals.get(index))
