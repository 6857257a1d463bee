"""A chat completion told while it is written: OpenAI's chunks, the rest of it once it has passed, and its facts."""

from schemas.content import Json
from schemas.outcome import RequestCompleted
from services.gateway.domain.chat_completion import completion_of
from services.gateway.domain.chat_stream import DONE, error_of, event
from services.gateway.domain.live import facts_of
from services.gateway.domain.problems import Problem

TOLD_APART = frozenset({"role", "content", "refusal", "tool_calls", "reasoning", "reasoning_content"})
"""What comes as it is written; and what was thought, which clients would show behind the answer."""


class LiveChat:
    """One stream of OpenAI's. ``begun_at``: in seconds, since its first chunk tells when it was made."""

    def __init__(self, request_id: str, begun_at: int, *, include_usage: bool) -> None:
        self._head: Json = {"id": f"chatcmpl-{request_id}", "object": "chat.completion.chunk", "created": begun_at}
        self._usage: Json = {"usage": None} if include_usage else {}
        self._is_begun = False

    def told(self, delta: Json, model: str | None) -> bytes:
        """One more delta, by this model."""
        self._head["model"] = model
        first: Json = {} if self._is_begun else {"role": "assistant"}
        self._is_begun = True
        return self._chunk({**first, **delta})

    def ended(self, completed: RequestCompleted, rest: Json) -> bytes:
        """What is missing of the answer that passed, why it stopped, its facts and its usage."""
        completion = completion_of(completed)
        [choice] = completion["choices"]
        self._head |= {"model": completion["model"], "system_fingerprint": completion["system_fingerprint"]}
        others = {name: value for name, value in choice["message"].items() if name not in TOLD_APART}
        parts = [self._chunk({**others, **rest})] if others or rest else []
        parts.append(self._chunk({}, choice["finish_reason"], portfolio=facts_of(completed)))
        if self._usage:
            parts.append(event({**self._head, "choices": [], "usage": completion["usage"]}))
        return b"".join((*parts, DONE))

    def broken(self, problem: Problem) -> bytes:
        """The last event: no ``[DONE]`` comes after it."""
        return error_of(problem)

    def _chunk(self, delta: Json, finish_reason: str | None = None, **beside: Json) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**self._head, "choices": [choice], **self._usage, **beside})
