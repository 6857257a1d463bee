"""What a request asked and what it was answered, found in the log: where to look, and how people read it."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pydantic_core import to_json

from schemas.attempt import AttemptCompleted
from schemas.content import Body, JsonRead, body_of
from schemas.fact import Event
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled
from schemas.topics import BY_EVENT
from services.console.domain.failures import Refused

MOST_SHOWN = 100_000
"""Characters of a text on a page or a terminal: a browser should live to show the rest of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that holds content: what it is of, about when it was said, and which of the request's it is."""

    title: str
    event: type[Event]
    at: datetime
    is_it: Callable[[Any], bool]
    attempt: int | None = None

    @property
    def gone(self) -> str:
        """Why it may be missing."""
        topic, said = BY_EVENT[self.event], f"{self.at:%Y-%m-%d %H:%M} UTC"
        return f"not in the log: {topic.name} is kept for {topic.retention.days} days, and this was said about {said}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that was asked or answered; ``gone``: why there is none."""

    title: str
    attempt: int | None = None
    text: str = ""
    gone: str = ""

    def told(self) -> dict[str, Any]:
        """Plain data."""
        what = {"title": self.title, "attempt": self.attempt}
        return {**what, "gone": self.gone} if self.gone else {**what, "content": _parsed(self.text)}


def wanted_of(story: JsonRead) -> list[Wanted]:
    """Where the content of a request stands. Raises :class:`Refused` where the ledger does not know yet."""
    request = story["request"]
    if not request.get("admitted_at"):
        raise Refused("the ledger has not heard when the request was admitted: try again in a moment")
    question = Wanted("What was asked", RequestProfiled, _time(request["admitted_at"]), lambda _: True)
    answers = [_of_attempt(each) for each in story.get("attempts", ()) if each.get("completed_at")]
    end = "The answer that was given"
    if request["state"] != "completed":
        return [question, *answers]
    return [question, *answers, Wanted(end, RequestCompleted, _time(request["ended_at"]), lambda _: True)]


def _of_attempt(attempt: JsonRead) -> Wanted:
    number: int = attempt["number"]
    role, who = attempt.get("role") or "primary", f"{attempt['model']} at {attempt['provider']}"
    title, at = f"Answer of attempt {number}, {role}: {who}", _time(attempt["completed_at"])
    return Wanted(title, AttemptCompleted, at, lambda event: event.attempt.number == number, number)


def body_in(event: Event) -> Body | None:
    """The content that is meant; none where the answer went to a topic of the client's."""
    match event:
        case AttemptCompleted():
            return event.answer
        case RequestCompleted(body=Body() as body):
            return body
        case RequestCompleted(answer=dict() as answer):
            return body_of(to_json(answer))
        case RequestProfiled():
            return event.body
        case _:
            return None


def readable(text: str) -> str:
    """The words of messages, where the text is made of them; else the text as it is."""
    try:
        content = json.loads(text)
        if "embeddings" in content:
            return f"vectors: {len(content['embeddings'])}"
        messages = content["messages"] if "messages" in content else [content["message"]]
        said = "\n".join(f"{each['role']}: {_said(each)}" for each in messages)
        rest = {name: value for name, value in content.items() if name not in ("messages", "message") and value}
        return cut(f"{said}\n\n{_laid_out(rest)}" if rest and "messages" in content else said)
    except (ValueError, KeyError, TypeError, AttributeError):
        return cut(text)


def cut(text: str) -> str:
    """A text that can be shown."""
    left = len(text) - MOST_SHOWN
    return text if left <= 0 else f"{text[:MOST_SHOWN]}\n... and {left:,} characters more"


def _said(message: JsonRead) -> str:
    content = message.get("content")
    parts = cast("Sequence[Any]", content) if isinstance(content, list) else [content]
    return "\n".join([*_texts(parts), *(_call(each) for each in message.get("tool_calls") or ())])


def _texts(parts: Sequence[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif part is not None:
            yield part["text"] if isinstance(part.get("text"), str) else f"[{part.get('type', 'part')}]"


def _call(call: JsonRead) -> str:
    return f"calls {call['function']['name']}({call['function']['arguments']})"


def _laid_out(rest: JsonRead) -> str:
    return json.dumps(rest, ensure_ascii=False, indent=2)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
