"""Demands that a prompt makes in words, found by how English says them: what is counted or named, how, and whether not.

A demand that is overlooked is one check less; one that was never made turns good answers away. So a phrase must name
what is counted and how, its sentence must ask for it, and what is doubtful is left alone. How many are found, and how
many wrongly, is measured (``docs/decisions.md``). The work is bounded: a prompt is anybody's.
"""

import re
from collections.abc import Sequence
from math import inf

from schemas.content import Json
from services.validator.domain.demands import Asked
from services.validator.domain.found_context import Prompt
from services.validator.domain.found_counts import counts_in
from services.validator.domain.found_forms import forms_in
from services.validator.domain.found_language import language_in
from services.validator.domain.found_places import places_in
from services.validator.domain.found_texts import texts_in
from services.validator.domain.message import ends_of

LOOKED_AT = 1_000
"""Characters at either end of a prompt: what is demanded stands before what it is about, or after it."""
CASES = ("lowercase", "uppercase")
ONCE = ("starts_with", "ends_with", "one_of", "postscript")
"""What a prompt asks for in one way: two ways are somebody else's words."""
OF_PROSE = frozenset(
    "no_commas quoted two_answers postscript starts_with ends_with paragraphs nth_paragraph bullets".split()
)
"""What an answer in JSON cannot be, or hardly."""
WORDED = frozenset(("has_texts", "lacks_words"))
WORKED_ON = (
    r"(?:translat\w*|summari[sz]\w*|proofread\w*|correct|shorten\w*|make (?:this|my)|rewrit\w*|paraphras\w*|edit"
    r"|review|grad(?:e|ing)|extract\w*|classif\w*|fix|convert\w*|reply to|respond to|improve|explain this)"
)
PASTED = re.compile(
    rf"(?:(?:^|[.!?,;] |\b(?:please|you|me|us|to|and|then|or) ){WORKED_ON}\b"
    r"|\b(?:here is|here's|below is|this is)\b(?! (?:what|how)))[^\n.!?]{0,150}:[ \t]*\n",
    re.IGNORECASE | re.MULTILINE,
)
"""A line after which a text stands that is to be worked on: what it asks, it asks of somebody else."""
FINDERS = (counts_in, forms_in, texts_in, places_in)


def found_in(prompt: str) -> tuple[Asked, ...]:
    """The demands of a prompt, each once: what counts first, then the form, texts, places and the language."""
    ends = ends_of(prompt, LOOKED_AT)
    pasted = PASTED.search(ends)
    read = Prompt.of(ends[: pasted.end()] if pasted else ends, cut=len(ends) < len(prompt))
    found: list[Asked] = []
    for finder in FINDERS:
        found.extend(demand for demand in finder(read) if demand not in found)
    language = language_in(read)
    found = [_in_case(demand, found) for demand in found if not _is_contradicted(demand, found)]
    return (*found, *([("language", {"value": language})] if language else []))


def _is_contradicted(demand: Asked, found: Sequence[Asked]) -> bool:
    """Whether no answer can meet both it and another that was found: one of them is misread, and nobody knows which."""
    name, settings = demand
    if name in CASES:
        return len({other for other, _ in found if other in CASES}) > 1
    if name in OF_PROSE and ("is_json", {}) in found:
        return True
    if name in WORDED:
        return _overlap(found)
    alike = [told for other, told in found if other == name and told.get("text") == settings.get("text")]
    if name in ONCE:
        return len([other for other, _ in found if other == name]) > 1
    return _least(alike) > _most(alike)


def _overlap(found: Sequence[Asked]) -> bool:
    """Whether a word is both asked for and forbidden."""
    asked, lacking = (
        [text.lower() for name, told in found if name == each for text in told["texts"]] for each in sorted(WORDED)
    )
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in lacking for text in asked)


def _in_case(demand: Asked, found: Sequence[Asked]) -> Asked:
    """Choices in the case that is asked for."""
    name, settings = demand
    if name != "one_of" or ("uppercase", {}) not in found:
        return demand
    return name, {"texts": list(dict.fromkeys(text.upper() for text in settings["texts"]))}


def _least(told: Sequence[Json]) -> float:
    return max((each.get("exactly", each.get("at_least", 0)) for each in told), default=0)


def _most(told: Sequence[Json]) -> float:
    return min((each.get("exactly", each.get("less_than", inf) - 1) for each in told), default=inf)
