"""Recorded answers, given again as fast as they can be: a provider that needs no key and costs nothing.

The file is JSON Lines: ``{"request": {"messages", "tools"?, "response_format"?}, "model": <name in the portfolio>,
"answers": [{"message", "finish_reason"?, "usage"?, "latency_ms"?}, ...]}``. ``usage`` is OpenAI's, and estimated
where it is absent. A model that is asked again for the same request gives its next answer; the last one repeats.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from schemas.content import Json, fingerprint
from schemas.fact import Fact
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Call, CallFailed, Outcome, Sending, Tell
from services.model_worker.domain.completion import outcome_of_document, with_recorded_latency


class AnswersUnreadable(Exception):
    """The file of recorded answers cannot be used; the message names the line and the field."""


class RecordedRequest(Fact):
    """What was asked: the same fields that make a request's fingerprint."""

    messages: tuple[Json, ...] = Field(min_length=1)
    tools: tuple[Json, ...] | None = None
    response_format: Json | None = None


class RecordedAnswer(Fact):
    """One answer, as a chat completion holds it; ``latency_ms`` as it was measured."""

    message: Json
    finish_reason: str = "stop"
    usage: dict[str, Any] | None = None
    latency_ms: int | None = Field(default=None, ge=0)


class Recording(Fact):
    """One line."""

    request: RecordedRequest
    model: str
    answers: tuple[RecordedAnswer, ...] = Field(min_length=1)


Recordings = Mapping[str, Mapping[str, tuple[RecordedAnswer, ...]]]
"""Answers by model, then by fingerprint."""


def read_recordings(path: Path) -> Recordings:
    """Read the file. Raises :class:`AnswersUnreadable`. Blocks: call it off the event loop."""
    try:
        with path.open(encoding="utf-8") as lines:
            return recordings_of(lines, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise AnswersUnreadable(f"the recorded answers in {path} cannot be read: {type(error).__name__}") from None


def recordings_of(lines: Iterable[str], name: str) -> Recordings:
    """Answers by model and fingerprint; a second line for the same request adds its answers to the first's."""
    found: dict[str, dict[str, tuple[RecordedAnswer, ...]]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        recording = _recording(line, f"{name}, line {number}")
        asked = recording.request
        key = fingerprint(asked.messages, asked.tools, asked.response_format)
        answers = found.setdefault(recording.model, {})
        answers[key] = answers.get(key, ()) + recording.answers
    return found


def _recording(line: str, where: str) -> Recording:
    try:
        return Recording.read(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise AnswersUnreadable(f"{where}: {field}: {first['msg']}") from None


class Replay:
    """Implements :class:`services.model_worker.domain.calls.Adapter`."""

    address = None

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings
        self.holds: dict[str, tuple[str, ...]] | None = {
            model: tuple(sorted(answers)) for model, answers in recordings.items()
        }

    async def call(self, call: Call, tell: Tell | None = None, sending: Sending | None = None) -> Outcome:
        if call.vectors:
            return CallFailed(Reason.NO_RECORDED_ANSWER, "no vectors are recorded: name a provider that embeds")
        answers = self._recordings.get(call.model, {}).get(call.fingerprint)
        if not answers:
            detail = f"no answer of {call.model} to this request ({call.fingerprint}) is recorded"
            return CallFailed(Reason.NO_RECORDED_ANSWER, detail)
        answer = answers[min(call.nth, len(answers) - 1)]
        choice = {"message": answer.message, "finish_reason": answer.finish_reason}
        document = {"choices": [choice], "usage": answer.usage}
        return with_recorded_latency(outcome_of_document(document, call), answer.latency_ms)

    async def close(self) -> None:
        """Nothing is open."""
