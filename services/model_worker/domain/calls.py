"""One call of one model: what an adapter is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from schemas.attempt import Usage
from schemas.content import Answer, Json, Vectors
from schemas.vocabulary import Reason


@dataclass(frozen=True, slots=True)
class Call:
    """``payload`` is a chat completion request in OpenAI's words, under the name that the provider knows.
    ``vectors``: how many vectors are wanted, for a request for embeddings; none for a chat.

    ``model`` is the name in the portfolio, ``fingerprint`` that of the original question, ``nth`` (from 0) how often
    this model was asked for this request before. ``prompt_characters`` is what is sent, and ``most_input_tokens`` the
    most that it can be for any tokenizer.
    """

    attempt_id: UUID
    model: str
    payload: Json
    fingerprint: str
    nth: int
    context_tokens: int
    prompt_characters: int
    most_input_tokens: int
    vectors: int = 0

    @property
    def most_output_tokens(self) -> int:
        """The most that one choice can have, where the call sets no limit of its own: embeddings write nothing."""
        return 0 if self.vectors else self.context_tokens


@dataclass(frozen=True, slots=True)
class Answered:
    """A model answered. ``latency_ms`` only where it was recorded, and not measured here.

    ``confidence``: the mean probability of its tokens, where the provider told them.
    """

    answer: Answer | Vectors
    usage: Usage
    answered_by: str
    latency_ms: int | None = None
    confidence: float | None = None


class Billed(StrEnum):
    """What a failed call can have cost: nothing, what its usage says, or nobody knows."""

    NOTHING = "nothing"
    USAGE = "usage"
    UNKNOWN = "unknown"


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class CallFailed:
    """No answer. ``detail`` is for people; it names the remedy, and never holds what was asked or answered."""

    reason: Reason
    detail: str
    billed: Billed = Billed.NOTHING
    usage: Usage = NO_USAGE
    retry_after_ms: int | None = None


@dataclass(slots=True)
class Sending:
    """Whether a call's request has left: from then on it may be billed. An adapter that cannot tell never says so."""

    has_left: bool = False


Outcome = Answered | CallFailed
Tell = Callable[[Json], None]
"""Takes what was written since the last time, a delta in OpenAI's words. It never waits, and may lose it."""


class Adapter(Protocol):
    """A way to call the models of one provider.

    ``call`` gives every failure that it foresees as a :class:`CallFailed`. It sets no deadline: who calls it does, and
    cancels it at its time, or once it was read on for its cost. ``address`` (host, port) is where calls go, if
    anywhere. ``holds`` is what a replaying provider can answer, as in :class:`schemas.standing.WorkerReady`. With
    ``tell``, an answer is told while it is written, where the provider writes it bit by bit; the outcome is the same.
    ``sending`` is told when the request leaves, not before.
    """

    @property
    def address(self) -> tuple[str, int] | None: ...

    @property
    def holds(self) -> dict[str, tuple[str, ...]] | None: ...

    async def call(self, call: Call, tell: Tell | None = None, sending: Sending | None = None) -> Outcome: ...

    async def close(self) -> None: ...
