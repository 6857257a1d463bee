"""Features of a request: what can be read off its content without understanding it."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any

from schemas.asking import answer_bound
from schemas.content import Json
from schemas.reckoned import IMAGES, prompt_tokens
from schemas.request import Features, RequestSubmitted
from services.profiler.domain.spoken import SPOKEN, language_of

EXPECTED_OUTPUT_TOKENS = 512
MOST_OUTPUT_TOKENS = 1_000_000_000
"""More than any model writes; a client may ask for a number that no database holds."""

CODE_WORDS = frozenset("regex sql javascript typescript python golang java bash".split())
PERHAPS_CODE = frozenset("function functions method script rust algorithm".split())
"""Words of other trades, too: of code only beside one that is said of code, or where one is to be written."""
BESIDE_CODE = frozenset(
    "code coding programming programmer compile compiler array arrays integer recursive recursion api async struct "
    "enum lifetimes checker crate refactor debug shell powershell cron csv sorting html css json".split()
)
WRITTEN = re.compile(
    r"\b(?:write|implement|create|define) (?:me )?(?:an?|the|this|[\w-]+'s) (?:[\w-]+ )?"
    r"(?:function|algorithm|method (?:that|to|which))\b"
)
CODE_STARTS = ("def ", "class ", "import ", "from ", "#include", "public ", "fn ", "func ", "select ", "const ", "var ")
CODE_ENDS = (")", "{", ";", ":", ">", "*")
WORD = re.compile(r"\w+")
SPACED = {code: " " for code in range(128) if not WORD.match(chr(code))}
"""A space for each ASCII character that is in no word: so a text is split in a quarter of the expression's time."""
TELLING = CODE_WORDS | PERHAPS_CODE | BESIDE_CODE | SPOKEN.keys()
LOOKED_AT = 1_000


def features_of(asked: RequestSubmitted) -> Features:
    """Read the features off a request."""
    texts = list(texts_of(asked.messages))
    beside = [str(part) for part in (asked.tools, asked.response_format) if part]
    kinds = [part.get("type") for part in _parts(asked.messages)]
    last = texts[-1][:LOOKED_AT].lower() if texts else ""
    words = TELLING.intersection(words_of(last))
    return Features(
        characters=sum(map(len, (*texts, *beside))),
        estimated_tokens=prompt_tokens(asked.messages, asked.tools, asked.response_format),
        has_tools=bool(asked.tools),
        has_schema=(asked.response_format or {}).get("type") in ("json_schema", "json_object"),
        has_code=has_code(last, words),
        has_images=any(kind in IMAGES for kind in kinds),
        has_audio="input_audio" in kinds,
        language=language_of(last, words),
    )


def context_needed(features: Features, params: Json) -> int:
    """Tokens that the prompt and the answer need together, by estimate."""
    return features.estimated_tokens + (own_bound(params) or EXPECTED_OUTPUT_TOKENS)


def own_bound(params: Json) -> int | None:
    """Tokens that the client lets an answer have; ``None`` where it set no bound."""
    asked = answer_bound(params)
    return None if asked is None else min(asked, MOST_OUTPUT_TOKENS)


def has_code(text: str, words: Set[str]) -> bool:
    """Whether a text (in lower case) holds code, or asks for some in words."""
    if "```" in text or not CODE_WORDS.isdisjoint(words):
        return True
    if words & PERHAPS_CODE and (words & BESIDE_CODE or WRITTEN.search(text)):
        return True
    lines = (line.lstrip() for line in text.splitlines())
    return any(line.startswith(CODE_STARTS) and line.endswith(CODE_ENDS) for line in lines)


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return text.translate(SPACED).split() if text.isascii() else WORD.findall(text)


def texts_of(messages: Sequence[Json]) -> Iterator[str]:
    """The texts of messages, and of the parts of those that have parts."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
    for part in _parts(messages):
        if isinstance(text := part.get("text"), str):
            yield text


def asked_text(messages: Sequence[Json]) -> str:
    """What the user said last; nothing where no message is a user's."""
    last = next((message for message in reversed(messages) if message.get("role") == "user"), None)
    return " ".join(texts_of((last,))) if last else ""


def _parts(messages: Sequence[Json]) -> Iterator[Json]:
    for message in messages:
        content: Any = message.get("content")
        if isinstance(content, list):
            yield from (part for part in content if isinstance(part, dict))  # pyright: ignore[reportUnknownVariableType]
