"""What an answer comes down to, so that two answers can be compared without their reasoning and their manners."""

import json
import re
from typing import Any, cast

from schemas.content import Answer, Json
from services.validator.domain.finals import Calls, Choice, Document, Final, Number, Words
from services.validator.domain.json_text import Unreadable, read_json
from services.validator.domain.measured import last_number, only_number
from services.validator.domain.message import text_of, tool_calls_of

ANSWER_FIELDS = ("answer", "final_answer", "result")
REASONING = frozenset(
    "reasoning reason reasons rationale explanation justification analysis thinking thought thoughts working steps"
    " chain_of_thought".split()
)
"""Members that may stand beside an answer without being one."""

FENCE = "```"
# Every pattern here takes time in proportion to the text: it is a model's, or a client's.
FIELD = re.compile(r'"(?:final_)?answer"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]]+)')
MEMBER = re.compile(r'(?<!\\)"(\w+)"\s*:')
STATED = (
    re.compile(r"####\s*(.+)"),
    re.compile(r"\\boxed\{([^{}]+)\}"),
    re.compile(r"\b(?:final )?answer(?:\*\*)?(?: is)?\s*[:=]\s*(?:\*\*)?\s*(.+)", re.IGNORECASE),
    re.compile(r"\b(?:final )?answer is\s+(?:\*\*)?(.+)", re.IGNORECASE),
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
EITHER = re.compile(r"\bor\b(?! not\b)", re.IGNORECASE)
YES_OR_NO = re.compile(r"^(yes|no|true|false)\b", re.IGNORECASE)
SAME_AS = {"true": "yes", "false": "no"}


def final_of(answer: Answer, asked: str) -> Final:
    """Tool calls; a JSON answer's ``answer`` or all of it; a stated final answer; a number, a choice, the text.

    ``asked`` is the question's last text: it says whether a number, one of several options, or yes or no is due.
    """
    calls = tool_calls_of(answer.message)
    if calls:
        return Calls(tuple(sorted(_call(call) for call in calls)))
    text = text_of(answer.message).strip()
    return _of_json(text) or _of_statement(text) or _of_scalar(text) or _of_question(text, asked) or Words(text)


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
        return _of_broken_json(text)
    told = _told_alone(cast("Json", value)) if isinstance(value, dict) else None
    return Document(_canonical(value)) if told is None else _of_text(told)


def _of_broken_json(text: str) -> Final | None:
    """Models break lines inside strings and forget to close a fence; the field is there all the same."""
    fields = FIELD.findall(text)
    is_alone = REASONING.union(ANSWER_FIELDS).issuperset(MEMBER.findall(text))
    return _of_text(fields[-1].strip('"')) if fields and is_alone else None


def _told_alone(members: Json) -> str | None:
    """The member that is the answer: no truth value, and nothing beside it but the way to it."""
    names = [name for name in members if name not in REASONING]
    if len(names) != 1 or names[0] not in ANSWER_FIELDS:
        return None
    told = members[names[0]]
    return str(told) if isinstance(told, str | int | float) and not isinstance(told, bool) else None


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
    plain = text.strip().strip("*_` ").rstrip(".")
    if plain.startswith("$") and plain.endswith("$"):  # around it they mark a formula, before it alone they are money
        plain = plain.strip("$ ")
    return _of_scalar(plain) or Words(plain)


def _of_scalar(text: str) -> Final | None:
    plain = text.strip().strip("*_`")
    number = only_number(plain.rsplit("=", 1)[-1].strip())
    if number:
        return Number(number)
    choice = ONLY_CHOICE.match(plain)
    return Choice(choice[1].upper()) if choice and len(plain) <= 3 else None


def _of_question(text: str, asked: str) -> Final | None:
    if len(set(OPTIONS.findall(asked))) > 1 and (choice := ONLY_CHOICE.match(text)):
        return Choice(choice[1].upper())
    if NUMBER_ASKED.search(asked) and (number := last_number(text)):
        return Number(number)
    if _is_polar(asked) and (polar := YES_OR_NO.match(text)):
        word = polar[1].casefold()
        return Choice(SAME_AS.get(word, word))
    return None


def _is_polar(asked: str) -> bool:
    """Whether yes or no is the whole answer to one of its questions; to "is it this or that" it is none."""
    return any(not EITHER.search(question) for question in POLAR.findall(asked))


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
