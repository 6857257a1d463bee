"""IFEval's instructions in the words of the product's demands."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.content import Json

Asked = tuple[str, Json]
CHOICES = ["My answer is yes.", "My answer is no.", "My answer is maybe."]


def _count(relation: str, number: int) -> Json:
    return {"less_than": number} if relation == "less than" else {"at_least": number}


def _named(name: str) -> Callable[[Json], Asked]:
    return lambda told: (name, {})


READ: Mapping[str, Callable[[Json], Asked]] = {
    "punctuation:no_comma": _named("no_commas"),
    "detectable_format:title": _named("titled"),
    "detectable_format:number_highlighted_sections": lambda t: ("highlights", {"at_least": t["num_highlights"]}),
    "detectable_format:number_bullet_lists": lambda t: ("bullets", {"exactly": t["num_bullets"]}),
    "detectable_format:multiple_sections": lambda t: (
        "sections",
        {"separator": t["section_spliter"], "at_least": t["num_sections"]},
    ),
    "detectable_format:json_format": _named("is_json"),
    "detectable_format:constrained_response": lambda t: ("one_of", {"texts": CHOICES}),
    "detectable_content:number_placeholders": lambda t: ("placeholders", {"at_least": t["num_placeholders"]}),
    "detectable_content:postscript": lambda t: ("postscript", {"text": t["postscript_marker"]}),
    "combination:repeat_prompt": lambda t: ("starts_with", {"text": t["prompt_to_repeat"]}),
    "combination:two_responses": _named("two_answers"),
    "length_constraints:number_words": lambda t: ("words", _count(t["relation"], t["num_words"])),
    "length_constraints:number_sentences": lambda t: ("sentences", _count(t["relation"], t["num_sentences"])),
    "length_constraints:number_paragraphs": lambda t: ("paragraphs", {"exactly": t["num_paragraphs"]}),
    "length_constraints:nth_paragraph_first_word": lambda t: (
        "nth_paragraph",
        {"number": t["nth_paragraph"], "out_of": t["num_paragraphs"], "word": t["first_word"]},
    ),
    "change_case:english_lowercase": _named("lowercase"),
    "change_case:english_capital": _named("uppercase"),
    "change_case:capital_word_frequency": lambda t: (
        "capital_words",
        _count(t["capital_relation"], t["capital_frequency"]),
    ),
    "keywords:frequency": lambda t: (
        "occurrences",
        {"text": t["keyword"], **_count(t["relation"], t["frequency"])},
    ),
    "keywords:letter_frequency": lambda t: (
        "occurrences",
        {"text": t["letter"], **_count(t["let_relation"], t["let_frequency"])},
    ),
    "keywords:existence": lambda t: ("has_texts", {"texts": t["keywords"]}),
    "keywords:forbidden_words": lambda t: ("lacks_words", {"texts": t["forbidden_words"]}),
    "language:response_language": lambda t: ("language", {"value": t["language"]}),
    "startend:quotation": _named("quoted"),
    "startend:end_checker": lambda t: ("ends_with", {"text": t["end_phrase"]}),
}
"""By the instruction's name without its language."""


def demand_of(instruction: str, settings: Mapping[str, Any]) -> Asked | None:
    """The demand that an instruction makes; ``None`` for one that the product cannot check."""
    read = READ.get(instruction.removeprefix("en:"))
    return read(dict(settings)) if read else None
