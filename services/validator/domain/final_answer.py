"""What an answer comes down to, so that two answers can be compared without their reasoning and their manners."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, cast

from schemas.content import Answer, Json
from services.validator.domain.json_text import Unreadable, read_json
from services.validator.domain.message import text_of, tool_calls_of

Kind = Literal["tool_calls", "json", "number", "choice", "text"]
ANSWER_FIELDS = ("answer", "final_answer", "result")

FENCE = "```"
# Every pattern here takes time in proportion to the text: it is a model's, or a client's.
FIELD = re.compile(r'"(?:final_)?answer"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]]+)')
STATED = (
    re.compile(r"####\s*(.+)"),
    re.compile(r"\\boxed\{([^{}]+)\}"),
    re.compile(r"\b(?:final )?answer(?:\*\*)?(?: is)?\s*[:=]\s*(?:\*\*)?\s*(.+)", re.IGNORECASE),
    re.compile(r"\b(?:final )?answer is\s+(?:\*\*)?(.+)", re.IGNORECASE),
)
NUMBER = re.compile(r"[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-\u2212]?\.\d+")
# A number with at most a currency before it and a unit after it is a number; a sentence with one in it is not.
ONLY_NUMBER = re.compile(
    r"^(?:[A-Za-z]{0,3}\s?[$€£¥]|\\\$)?\s*(" + NUMBER.pattern + r")\s*\\?(%|°[CF]?|[^\W\d]+(?: [^\W\d]+){0,2})?\.?$"
)
ONLY_CHOICE = re.compile(r"^\(?([A-Ha-h])\)?(?:[.):]|$)(?!\w)")
NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|old|long|far|tall|big)\b|\b(?:calculate|compute|total|sum|average|percentage)\b"
    r"|\d\s*[-+*/x\u00d7\u00f7^]\s*\d|\bnumber of\b",
    re.IGNORECASE,
)
OPTIONS = re.compile(r"(?:^|\s)\(?([A-H])[).:]\s")
POLAR = re.compile(
    r"(?:^|[.!?\n][ \t]{0,3})(?:is|are|was|were|does|do|did|can|could|will|would|should|has|have|had|may|must)\b"
    r"[^.!?\n]*\?",
    re.IGNORECASE,
)
YES_OR_NO = re.compile(r"^(yes|no|true|false)\b", re.IGNORECASE)
SAME_AS = {"true": "yes", "false": "no"}


@dataclass(frozen=True, slots=True)
class Final:
    """The end of an answer. ``value`` compares by equality, except for ``text``; a number may have a ``unit``."""

    kind: Kind
    value: object
    unit: str = ""


def final_of(answer: Answer, asked: str) -> Final:
    """Tool calls; a JSON answer's ``answer`` field, or all of it; a stated final answer; a number, a choice, the text.

    ``asked`` is the question's last text: it says whether a number, one of several options, or yes or no is due.
    """
    calls = tool_calls_of(answer.message)
    if calls:
        return Final("tool_calls", sorted(_call(call) for call in calls))
    text = text_of(answer.message).strip()
    return _of_json(text) or _of_statement(text) or _of_scalar(text) or _of_question(text, asked) or Final("text", text)


def _call(call: Any) -> tuple[str, str]:
    function: Any = cast("Json", call).get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "", _canonical(call)
    told = cast("Json", function)
    arguments = read_json(str(told.get("arguments", "")))
    return str(told.get("name")), _canonical(told.get("arguments") if isinstance(arguments, Unreadable) else arguments)


def _of_json(text: str) -> Final | None:
    inner = _unfenced(text)
    value = read_json(inner) if inner.startswith(("{", "[")) else Unreadable("")
    if isinstance(value, Unreadable):
        # Models break lines inside strings and forget to close a fence; the field is there all the same.
        fields = FIELD.findall(text)
        return _of_text(fields[-1].strip('"')) if fields else None
    if isinstance(value, dict):
        told = cast("Json", value)
        name = next((name for name in ANSWER_FIELDS if isinstance(told.get(name), str | int | float)), None)
        if name is not None:
            return _of_text(str(told[name]))
    return Final("json", _canonical(value))


def _unfenced(text: str) -> str:
    """What the first code fence holds, closed or not; the text itself where there is none."""
    if FENCE not in text:
        return text
    inner = text.split(FENCE, 2)[1]
    language, _, rest = inner.partition("\n")
    return (rest if not language.strip() or language.strip().isalnum() else inner).strip()


def _of_statement(text: str) -> Final | None:
    for statement in STATED:
        found = statement.findall(text)
        if found:
            return _of_text(found[-1])
    return None


def _of_text(text: str) -> Final:
    plain = text.strip().strip("*_`$ ").rstrip(".")
    return _of_scalar(plain) or Final("text", plain)


def _of_scalar(text: str) -> Final | None:
    plain = text.strip().strip("*_`")
    number = ONLY_NUMBER.match(plain.rsplit("=", 1)[-1].strip())
    if number:
        return Final("number", number_of(number[1]), (number[2] or "").casefold().rstrip("s"))
    choice = ONLY_CHOICE.match(plain)
    return Final("choice", choice[1].upper()) if choice and len(plain) <= 3 else None


def _of_question(text: str, asked: str) -> Final | None:
    if len(set(OPTIONS.findall(asked))) > 1 and (choice := ONLY_CHOICE.match(text)):
        return Final("choice", choice[1].upper())
    if NUMBER_ASKED.search(asked) and (numbers := NUMBER.findall(text)):
        return Final("number", number_of(numbers[-1]))
    if POLAR.search(asked) and (polar := YES_OR_NO.match(text)):
        word = polar[1].casefold()
        return Final("choice", SAME_AS.get(word, word))
    return None


def number_of(text: str) -> Decimal:
    """A number as people write it, without its thousands separators."""
    return Decimal(text.replace(",", "").replace("\u2212", "-"))


def _canonical(value: Any) -> str:
    return json.dumps(_levelled(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _levelled(value: Any) -> Any:
    """1 and 1.0 are one number, and the case and the spaces around a string are manners."""
    if isinstance(value, dict):
        return {name: _levelled(part) for name, part in cast("Json", value).items()}
    if isinstance(value, list):
        return [_levelled(part) for part in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.strip().casefold() if isinstance(value, str) else value
