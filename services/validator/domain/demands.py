"""Demands by name: what a lane or a request may ask of a text's form, and the verdict on each."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.check_settings import read_settings
from schemas.content import Json
from services.validator.domain import demand_rules as rules
from services.validator.domain.arithmetic import NothingToCheck, arithmetic
from services.validator.domain.languages import in_language
from services.validator.domain.results import cannot_tell, explained, failed, passed

Rule = Callable[[str, Any], str | None]
"""What is wrong with a text by these settings."""
DEMANDS: Mapping[str, Rule] = MappingProxyType(
    {
        "words": rules.words,
        "sentences": rules.sentences,
        "paragraphs": rules.paragraphs,
        "nth_paragraph": rules.nth_paragraph,
        "sections": rules.sections,
        "bullets": rules.bullets,
        "highlights": rules.highlights,
        "placeholders": rules.placeholders,
        "capital_words": rules.capital_words,
        "occurrences": rules.occurrences,
        "has_texts": rules.has_texts,
        "lacks_words": rules.lacks_words,
        "no_commas": rules.no_commas,
        "lowercase": rules.lowercase,
        "uppercase": rules.uppercase,
        "titled": rules.titled,
        "quoted": rules.quoted,
        "is_json": rules.is_json,
        "two_answers": rules.two_answers,
        "postscript": rules.postscript,
        "starts_with": rules.starts_with,
        "ends_with": rules.ends_with,
        "one_of": rules.one_of,
        "language": in_language,
        "arithmetic": arithmetic,
    }
)
Asked = tuple[str, Json]
LONGEST = 100_000
"""Characters. Rules take time in proportion to the text, and nothing can interrupt that."""


def demanded(text: str, asked: Sequence[Asked]) -> tuple[CheckResult, ...]:
    """The verdict on each demand. One with wrong settings, or nothing to judge, cannot be told, and says why."""
    return tuple(_verdict(text, name, settings) for name, settings in asked)


def _verdict(text: str, name: str, settings: Json) -> CheckResult:
    try:
        asked = read_settings(name, settings)
    except ValidationError as error:
        return cannot_tell(name, explained(name, error))
    if len(text) > LONGEST:
        return cannot_tell(name, f"answers of at most {LONGEST} characters are held against a demand")
    try:
        wrong = DEMANDS[name](text, asked)
    except NothingToCheck as nothing:
        return cannot_tell(name, str(nothing))
    return passed(name) if wrong is None else failed(name, wrong, at="/content")
