"""The APIs that are spoken at the gateway: what their bodies ask for, and how ends and problems are told in them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.chat_completion import Reply, refusal, reply_of, streamed
from services.gateway.domain.chat_request import Asked, asked_of
from services.gateway.domain.chat_stream import comment
from services.gateway.domain.messages_reply import PING, message_refusal, message_reply, message_streamed
from services.gateway.domain.messages_request import asked_of_messages
from services.gateway.domain.problems import Problem

End = RequestCompleted | RequestFailed


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API. ``waiting``: what a stream tells while there is no answer."""

    path: str
    asked_of: Callable[[bytes, UUID], Asked]
    reply_of: Callable[[End], Reply]
    streamed: Callable[[End, bool], Reply]
    refusal: Callable[[Problem], Reply]
    waiting: bytes


OPENAI = Dialect(
    "/v1/chat/completions",
    asked_of,
    reply_of,
    lambda end, include_usage: streamed(end, include_usage=include_usage),
    refusal,
    comment("waiting for a checked answer"),
)
ANTHROPIC = Dialect(
    "/v1/messages",
    asked_of_messages,
    message_reply,
    lambda end, include_usage: message_streamed(end),
    message_refusal,
    PING,
)


def dialect_at(path: str) -> Dialect:
    """The API of an address: what is told there is told in its words, also by what is not served."""
    return ANTHROPIC if path == ANTHROPIC.path or path.startswith(f"{ANTHROPIC.path}/") else OPENAI
