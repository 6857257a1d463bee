"""Whether the arguments of tool calls stand on the request: their names on the tool, their values on what was said.

A value that a model worked out (a date from "tomorrow") is not found by this: such arguments are left out by name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, cast
from unicodedata import normalize

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.check_settings import Grounding
from schemas.content import Answer, Json, Question
from services.validator.domain.cited_text import numbers_in, spelled_in
from services.validator.domain.json_text import Unreadable, read_json
from services.validator.domain.message import text_of, tool_calls_of
from services.validator.domain.results import GROUNDED, cannot_tell, explained, failed, passed, shortened
from services.validator.domain.tool_calls import name_in, offered_by, part_of
from services.validator.domain.unspaced import BEGINS, ENDS, UNSPACED

LONGEST = 60_000
"""Characters of a request in which values are looked up."""
MOST_VALUES = 200
LONGEST_NAME = 80
CHOICES = ("enum", "const", "default")
ALLOWING = frozenset(
    "$ref $dynamicRef $recursiveRef allOf anyOf oneOf if patternProperties dependencies dependentSchemas"
    " unevaluatedProperties".split()
)
"""What may name arguments beside a schema's own properties: there the check of the schema itself tells."""
NUMBER = re.compile(r"\d[\d.,]{0,40}")
SIGNS = re.compile(r"[\W_]+")
RUN = re.compile(f"{UNSPACED}+")
SCIENTIFIC = re.compile(r"(?<![\w.,])\d++(?:\.\d++)?[eE][-+]?\d{1,2}(?!\w)")


@dataclass(frozen=True, slots=True)
class _Ground:
    """What values may stand on: the words said, what tools name to choose from, and every number in them."""

    words: str
    numbers: frozenset[str]

    def holds(self, value: object) -> bool:
        """Whether a value stands there: a number in any way of writing, a text word for word, whatever its signs."""
        if isinstance(value, bool) or value is None:
            return True
        if isinstance(value, int | float):
            return not self.numbers.isdisjoint(numbers_in(_in_figures(value)))
        words = _words(_spaced(str(value)))
        if not words or _bordered(words) in self.words:
            return True
        return bool(NUMBER.fullmatch(str(value).strip())) and not self.numbers.isdisjoint(numbers_in(str(value)))


def grounded(question: Question, answer: Answer, settings: Json) -> CheckResult:
    """The verdict, with the place of the first argument that was invented; never its value."""
    try:
        asked = Grounding.model_validate(settings, strict=False)
    except ValidationError as error:
        return cannot_tell(GROUNDED, explained(GROUNDED, error))
    calls = tool_calls_of(answer.message)
    if not calls:
        return cannot_tell(GROUNDED, "the answer makes no tool call")
    texts = [*_said(question), *(text for tool in question.tools or () for text in _choices(tool))]
    if sum(map(len, texts)) > LONGEST:
        return cannot_tell(GROUNDED, f"a request of {LONGEST} characters is the most that is read")
    ground, offered = _ground(texts), offered_by(question.tools or ())
    for index, call in enumerate(calls):
        for at, wrong in _wrong(call, offered, ground, asked):
            return failed(GROUNDED, wrong, at=f"/tool_calls/{index}/function/arguments{at}")
    return passed(GROUNDED)


def _said(question: Question) -> Iterator[str]:
    """All that was said but by models, and the sources."""
    yield from (text_of(message) for message in question.messages if message.get("role") != "assistant")
    yield from (source.text for source in question.sources)


def _choices(schema: object, chosen: bool = False) -> Iterator[str]:
    """What a tool's schema names to choose from. What its descriptions give as examples is no ground."""
    if isinstance(schema, dict):
        for name, each in cast("Json", schema).items():
            yield from _choices(each, chosen or name in CHOICES)
    elif isinstance(schema, list):
        for each in cast("list[Any]", schema):
            yield from _choices(each, chosen)
    elif chosen:
        yield str(schema)


def _ground(said: Sequence[str]) -> _Ground:
    texts = [_spaced(text) for text in said]
    words = _words(" ".join(texts))
    numbers = (*map(numbers_in, texts), *map(_scientific_in, texts))
    return _Ground(f" {words} ", frozenset(spelled_in(words.split()).union(*numbers)))


def _scientific_in(text: str) -> tuple[str, ...]:
    return numbers_in(" ".join(_in_figures(float(found)) for found in SCIENTIFIC.findall(text)))


def _in_figures(value: float) -> str:
    """Without an exponent, of which each half would look like a number of its own."""
    return format(abs(Decimal(repr(value))), "f")


def _words(text: str) -> str:
    return SIGNS.sub(" ", normalize("NFC", text.casefold())).strip()


def _spaced(text: str) -> str:
    """With spaces around what is in a script without them, so that a name or a number beside it is a word."""
    return RUN.sub(r" \g<0> ", normalize("NFC", text))


def _bordered(words: str) -> str:
    return f"{'' if BEGINS.match(words) else ' '}{words}{'' if ENDS.search(words) else ' '}"


def _wrong(call: Any, offered: Mapping[str, Json], ground: _Ground, asked: Grounding) -> Iterator[tuple[str, str]]:
    """What was invented. A call of no such tool, or without readable arguments, is for other checks to tell."""
    tool = offered.get(name_in(call) or "", {})
    told = part_of(cast("Json", call), "function").get("arguments") if isinstance(call, dict) else None
    arguments = read_json(told) if isinstance(told, str) else None
    if isinstance(arguments, Unreadable) or not isinstance(arguments, dict):
        return
    schema = part_of(part_of(tool, "function"), "parameters")
    for name, value in cast("Json", arguments).items():
        if name in asked.leave:
            continue
        if _is_invented(name, schema):
            yield f"/{name}", f"the tool has no argument {shortened(name, LONGEST_NAME)}"
        for at, leaf in islice(_leaves(value), MOST_VALUES):
            if not ground.holds(leaf):
                yield f"/{name}{at}", f"the value of {shortened(name, LONGEST_NAME)} does not stand in the request"


def _is_invented(name: str, schema: Json) -> bool:
    properties = part_of(schema, "properties")
    if not properties or name in properties or not ALLOWING.isdisjoint(schema):
        return False
    return schema.get("additionalProperties", False) is False


def _leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, each in cast("Json", value).items():
            yield from _leaves(each, f"{at}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(cast("list[Any]", value)):
            yield from _leaves(each, f"{at}/{number}")
    else:
        yield at, value
