"""The APIs that are spoken at the gateway: what their bodies ask for, and how ends and problems are told in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.chat_completion import Reply, refusal, reply_of, streamed
from services.gateway.domain.chat_live import LiveChat
from services.gateway.domain.chat_request import Asked, Form, asked_of
from services.gateway.domain.chat_stream import comment
from services.gateway.domain.embeddings import EMBEDDINGS, asked_of_embeddings, embeddings_reply
from services.gateway.domain.live import LiveStream
from services.gateway.domain.messages_live import LiveMessage
from services.gateway.domain.messages_reply import PING, message_refusal, message_reply, message_streamed
from services.gateway.domain.messages_request import asked_of_messages
from services.gateway.domain.problems import Problem
from services.gateway.domain.responses_live import LiveResponse
from services.gateway.domain.responses_reply import response_refusal, response_reply, response_streamed
from services.gateway.domain.responses_request import asked_of_responses

End = RequestCompleted | RequestFailed
ANTHROPICS_HEADER = "anthropic-version"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API. ``waiting``: what a stream tells while there is no answer; ``live``: one that begins before there is.

    ``request_id``: the header in which its own clients look for a request's id.
    """

    path: str
    request_id: str
    asked_of: Callable[[bytes, UUID], Asked]
    reply_of: Callable[[End, Form], Reply]
    refusal: Callable[[Problem], Reply]
    waiting: bytes
    live: Callable[[str, int, Form], LiveStream]


OPENAI = Dialect(
    "/v1/chat/completions",
    "x-request-id",
    asked_of,
    lambda end, form: streamed(end, include_usage=form.include_usage) if form.stream else reply_of(end),
    refusal,
    comment("waiting for a checked answer"),
    lambda request_id, begun_at, form: LiveChat(request_id, begun_at, include_usage=form.include_usage),
)
RESPONSES = Dialect(
    "/v1/responses",
    OPENAI.request_id,
    asked_of_responses,
    lambda end, form: response_streamed(end, form) if form.stream else response_reply(end, form),
    response_refusal,
    OPENAI.waiting,
    LiveResponse,
)
"""OpenAI's newer API."""
ANTHROPIC = Dialect(
    "/v1/messages",
    "request-id",
    asked_of_messages,
    lambda end, form: message_streamed(end) if form.stream else message_reply(end),
    message_refusal,
    PING,
    lambda request_id, begun_at, form: LiveMessage(request_id),
)


VECTORS = replace(OPENAI, path=EMBEDDINGS, asked_of=asked_of_embeddings, reply_of=embeddings_reply)
"""OpenAI's, too; its bodies ask for no stream."""
BY_PATH: Mapping[str, Dialect] = {each.path: each for each in (OPENAI, RESPONSES, ANTHROPIC, VECTORS)}


def dialect_at(path: str, headers: Mapping[str, str]) -> Dialect:
    """The API of an address, or of who asks: what is told there is told in its words, also by what is not served.

    Addresses that both have, or that nobody has, are told apart by the header that only Anthropic's clients send.
    """
    if path == RESPONSES.path or path.startswith(f"{RESPONSES.path}/"):
        return RESPONSES
    is_anthropics = path == ANTHROPIC.path or path.startswith(f"{ANTHROPIC.path}/")
    return ANTHROPIC if is_anthropics or ANTHROPICS_HEADER in headers else OPENAI
