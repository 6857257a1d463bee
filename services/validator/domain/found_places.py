"""Demands on places of an answer: with which word a paragraph begins, and the prompt said again before the answer."""

import re
from collections.abc import Iterator

from services.validator.domain.demands import Asked
from services.validator.domain.found_context import Prompt, asks
from services.validator.domain.found_numbers import NUMBER, number_of

PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
PLACE = (
    rf"(?:(?:the )?(?:very )?(?P<place>{'|'.join(PLACES)}|last|final|\d(?:st|nd|rd|th)) paragraph"
    rf"|paragraph (?P<at>\d))"
)
WORD = r"(?: the)?(?: (?:word|keyword))?:? \"?(?P<word>\w+)\"?"
PARAGRAPHS = re.compile(rf"{NUMBER}(?: [a-z-]+)? paragraphs?\b")
FIRST_WORDS = tuple(
    re.compile(form)
    for form in (
        rf"\b{PLACE}(?: (?:must|should|has to|needs to|shall|will|to))?,? (?:start|begin)s? with{WORD}",
        rf"\b(?:start|begin) {PLACE} with{WORD}",
        rf"\bfirst word (?:of|in) {PLACE} (?:(?:must|should|has to|needs to|shall) be|is){WORD}",
    )
)
REPEAT = (
    r"(?:repeat(?:ing)?|restat(?:e|ing)|cop(?:y|ying)) (?:the |this |my )?(?:(?:entire|exact|whole|full|above"
    r"|complete) )*"
    r"(?:request|sentence|question|text|prompt|instructions?)(?: itself)?"
)
SO = r"(?:word for word|word by word|above|verbatim|exactly as|without (?:any )?changes?)"
SAID_BEFORE = re.compile(
    r"(?:(?<=\n)|(?<=[.!?\"] ))\s*(?:(?:first|now|please|let's|you must|start by|begin by|before [^.\n]{0,60}?,),? )*"
    rf"{REPEAT}[^\n.]{{0,120}}?{SO}"
)
SAID_BELOW = re.compile(rf"\b{REPEAT}(?: below)?[^\n]{{0,40}}?(?:{SO}|word-for-word|first\b|before\b|then\b)")


def places_in(prompt: Prompt) -> Iterator[Asked]:
    """All demands of a prompt on places of the answer."""
    if "paragraph" in prompt.low:
        for form in FIRST_WORDS:
            for match in form.finditer(prompt.low):
                yield from _first_word(prompt, match)
    if not prompt.cut and ("repeat" in prompt.low or "restat" in prompt.low or "cop" in prompt.low):
        yield from _said_again(prompt)


def _first_word(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    count = PARAGRAPHS.search(prompt.low)
    if count is None or not asks(prompt, match.start(), match.end()):
        return
    out_of = number_of(count["number"])
    number = _place(match, out_of)
    if 1 <= number <= out_of:
        yield "nth_paragraph", {"number": number, "out_of": out_of, "word": match["word"]}


def _place(match: re.Match[str], out_of: int) -> int:
    told = match["at"] or match["place"]
    if told[0].isdigit():
        return int(told[0])
    return out_of if told in ("last", "final") else PLACES.index(told) + 1


def _said_again(prompt: Prompt) -> Iterator[Asked]:
    """To the letter, as it was asked."""
    above = SAID_BEFORE.search(prompt.low)
    if above and (text := prompt.told[: above.start()].strip()):
        yield "starts_with", {"text": text}
        return
    head, _, below = prompt.told.partition("\n\n")
    found = SAID_BELOW.search(prompt.low, 0, len(head))
    if found and below.strip() and asks(prompt, found.start(), found.end()):
        yield "starts_with", {"text": below.strip()}
