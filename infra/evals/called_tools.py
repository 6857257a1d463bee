"""Tool calls made from given sentences: the marked places of each are a call's arguments, as they stand or made up.

Nobody recorded labelled tool calls among the given texts. A hash of the sentence draws, so that a run makes them again.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.evals.cited_answers import draw_for
from infra.evals.personal_data import FILE, Sentence
from infra.local.recorded.reading import complain_of_absent, json_rows
from schemas.content import Answer, Json, Question

TOOL = "file"
MADE_UP = "reference"


@dataclass(frozen=True, slots=True)
class CalledTool:
    """What was said, and the arguments of the call that follows. ``takes``: the names that the tool has."""

    said: str
    takes: tuple[str, ...]
    arguments: Mapping[str, str]

    def question(self) -> Question:
        """As a client asks it."""
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in self.takes}}
        tool: Json = {"type": "function", "function": {"name": TOOL, "parameters": schema}}
        return Question(messages=({"role": "user", "content": self.said},), tools=(tool,))

    def answer(self) -> Answer:
        """As a model calls it."""
        function = {"name": TOOL, "arguments": json.dumps(dict(self.arguments))}
        calls = [{"id": "call_1", "type": "function", "function": function}]
        return Answer(message={"role": "assistant", "content": None, "tool_calls": calls}, finish_reason="tool_calls")


Mutation = Callable[[CalledTool, CalledTool, random.Random], CalledTool | None]


def called_tools(folder: Path) -> list[CalledTool]:
    """One for each sentence with a marked place. Raises ``DataUnreadable``."""
    complain_of_absent(folder, [FILE])
    return [_called(row) for row in json_rows(folder / FILE, Sentence) if row.spans]


def made_up(calls: list[CalledTool], kind: str) -> Iterator[CalledTool]:
    """The same calls with one thing made up, where that can be."""
    for call, other in zip(calls, calls[1:] + calls[:1], strict=True):
        if (changed := GROUND_MUTATIONS[kind](call, other, draw_for(call.said, kind))) is not None:
            yield changed


def _called(row: Sentence) -> CalledTool:
    told = {span.entity_type.lower(): row.full_text[span.start_position : span.end_position] for span in row.spans}
    return CalledTool(row.full_text, tuple(told), told)


def _with(call: CalledTool, name: str, value: str) -> CalledTool:
    return replace(call, arguments={**call.arguments, name: value})


def _changed(call: CalledTool, draw: random.Random, of: str) -> CalledTool | None:
    """One of these letters of one value is another of them."""
    places = [(name, at) for name, value in call.arguments.items() for at, each in enumerate(value) if each in of]
    if not places:
        return None
    name, at = draw.choice(places)
    value = call.arguments[name]
    return _with(call, name, value[:at] + draw.choice([each for each in of if each != value[at]]) + value[at + 1 :])


def _of_another(call: CalledTool, other: CalledTool) -> CalledTool | None:
    value = next((each for each in other.arguments.values() if each.casefold() not in call.said.casefold()), None)
    return None if value is None else _with(call, call.takes[0], value)


GROUND_MUTATIONS: Mapping[str, Mutation] = {
    "changed_digit": lambda call, other, draw: _changed(call, draw, "0123456789"),
    "changed_letter": lambda call, other, draw: _changed(call, draw, "abcdefghijklmnopqrstuvwxyz"),
    "value_of_another": lambda call, other, draw: _of_another(call, other),
    "invented_argument": lambda call, other, draw: _with(call, MADE_UP, call.arguments[call.takes[0]]),
}
