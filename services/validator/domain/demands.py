"""Demands by name: what a lane or a request may ask of a text's form, and the verdict on each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.content import Json
from schemas.fact import Fact
from services.validator.domain import demand_rules as rules
from services.validator.domain.arithmetic import NothingToCheck, arithmetic
from services.validator.domain.results import cannot_tell, explained, failed, passed


@dataclass(frozen=True, slots=True)
class Demand:
    """A rule, and the settings that it takes."""

    settings: type[Fact]
    wrong: Callable[[str, Any], str | None]


DEMANDS: Mapping[str, Demand] = MappingProxyType(
    {
        "words": Demand(rules.Counted, rules.words),
        "sentences": Demand(rules.Counted, rules.sentences),
        "paragraphs": Demand(rules.Separated, rules.paragraphs),
        "nth_paragraph": Demand(rules.NthParagraph, rules.nth_paragraph),
        "sections": Demand(rules.Separated, rules.sections),
        "bullets": Demand(rules.Counted, rules.bullets),
        "highlights": Demand(rules.Counted, rules.highlights),
        "placeholders": Demand(rules.Counted, rules.placeholders),
        "capital_words": Demand(rules.Counted, rules.capital_words),
        "occurrences": Demand(rules.CountedText, rules.occurrences),
        "has_texts": Demand(rules.Texts, rules.has_texts),
        "lacks_words": Demand(rules.Texts, rules.lacks_words),
        "no_commas": Demand(rules.Nothing, rules.no_commas),
        "lowercase": Demand(rules.Nothing, rules.lowercase),
        "uppercase": Demand(rules.Nothing, rules.uppercase),
        "titled": Demand(rules.Nothing, rules.titled),
        "quoted": Demand(rules.Nothing, rules.quoted),
        "is_json": Demand(rules.Nothing, rules.is_json),
        "two_answers": Demand(rules.Nothing, rules.two_answers),
        "postscript": Demand(rules.Text, rules.postscript),
        "starts_with": Demand(rules.Text, rules.starts_with),
        "ends_with": Demand(rules.Text, rules.ends_with),
        "one_of": Demand(rules.Texts, rules.one_of),
        "arithmetic": Demand(rules.Nothing, arithmetic),
    }
)
Asked = tuple[str, Json]


def demanded(text: str, asked: Sequence[Asked]) -> tuple[CheckResult, ...]:
    """The verdict on each demand. One with wrong settings, or nothing to judge, cannot be told, and says why."""
    return tuple(_verdict(text, name, settings) for name, settings in asked)


def _verdict(text: str, name: str, settings: Json) -> CheckResult:
    demand = DEMANDS[name]
    try:
        asked = demand.settings.model_validate(settings, strict=False)
    except ValidationError as error:
        return cannot_tell(name, explained(name, error))
    try:
        wrong = demand.wrong(text, asked)
    except NothingToCheck as nothing:
        return cannot_tell(name, str(nothing))
    return passed(name) if wrong is None else failed(name, wrong, at="/content")
