"""Whether an answer stands on the sources that came with the request: its quotes, its citations and its numbers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.check_settings import Citing
from schemas.content import Json, Source
from services.validator.domain.cited_text import WORD, Sentence, numbers_in, sentences_of, spelled_in
from services.validator.domain.results import CITATIONS, cannot_tell, explained, failed, passed

LONGEST_ANSWER, LONGEST_SOURCES, MOST_SEARCHED = 20_000, 60_000, 2_000_000
"""Characters, and characters times quotes: nothing can interrupt the work, so what is more is not begun."""
MOST_TOLD, MOST_PLACES = 5, 50
WRITTEN = str.maketrans(
    "\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a\u2010\u2011\u2012\u2013\u2014\u00a0", '"""""\'\'\'----- '
)
LEFT_OUT = re.compile(r"\[?(?:\.\.\.|\u2026)\]?")
CHANGED_LETTER = re.compile(r"\[(\w)\]")


@dataclass(frozen=True, slots=True)
class _Source:
    text: str
    numbers: frozenset[str]


def citations(text: str, settings: Json, sources: Sequence[Source]) -> CheckResult:
    """The verdict, with the place of each thing that is wrong."""
    try:
        asked = Citing.model_validate(settings, strict=False)
    except ValidationError as error:
        return cannot_tell(CITATIONS, explained(CITATIONS, error))
    if unable := _cannot(text, sources):
        return cannot_tell(CITATIONS, unable)
    sentences = sentences_of(text, [source.id for source in sources])
    size = sum(len(source.text) for source in sources)
    if size * sum(len(each.quotes) for each in sentences) > MOST_SEARCHED:
        return cannot_tell(CITATIONS, "too many quotes to look up in sources of this length")
    wrong = list(_wrong(sentences, asked, {source.id: _read(source.text) for source in sources}))
    return failed(CITATIONS, _listed(wrong), at="/content") if wrong else passed(CITATIONS)


def _cannot(text: str, sources: Sequence[Source]) -> str | None:
    if not sources:
        return "the request gives no sources to hold the answer against"
    if not text.strip():
        return "the answer has no text"
    if len(text) > LONGEST_ANSWER or sum(len(source.text) for source in sources) > LONGEST_SOURCES:
        return (
            f"answers of {LONGEST_ANSWER} and sources of {LONGEST_SOURCES} characters in all are the most that is read"
        )
    return None


def _wrong(sentences: Sequence[Sentence], asked: Citing, sources: dict[str, _Source]) -> Iterator[str]:
    made = sum(len(each.sources) for each in sentences)
    if made < asked.min:
        yield f"it cites {made} sources, and at least {asked.min} are asked for: write a source's id as [id]"
    stating = 0
    for sentence in sentences:
        stating += sentence.needs
        where = f"sentence {max(stating, 1)} (at character {sentence.start})"
        yield from (f"{where}: {what}" for what in _wrong_in(sentence, asked, sources))


def _wrong_in(sentence: Sentence, asked: Citing, sources: dict[str, _Source]) -> Iterator[str]:
    if sentence.foreign:
        yield f"it cites a source that was not given; there are {len(sources)}"
    cited = [sources[name] for name in sentence.sources]
    for number, quote in enumerate(sentence.quotes, 1):
        if not any(_holds(source.text, quote) for source in cited or sources.values()):
            yield f"quote {number} does not stand, word for word, in {'what it cites' if cited else 'any source'}"
    if asked.numbers and cited:
        known = frozenset[str]().union(*(source.numbers for source in cited))
        missing = sum(number not in known for number in sentence.numbers)
        if missing:
            yield f"{missing} of its numbers do not stand in what it cites"
    if asked.every_sentence and sentence.needs and not cited and not sentence.foreign:
        yield "it cites no source"


def _read(text: str) -> _Source:
    return _Source(_one_way(text), frozenset(numbers_in(text)) | spelled_in(WORD.findall(text.casefold())))


def _one_way(text: str) -> str:
    return " ".join(text.translate(WRITTEN).split())


def _holds(source: str, quote: str) -> bool:
    """All parts of a quote, in order. Stops at its end, and the case of its first letter, are the quoter's."""
    start = 0
    for part in LEFT_OUT.split(CHANGED_LETTER.sub(r"\1", quote)):
        words = _one_way(part).strip(" .,;:!?\"'")
        if words and (start := _end_of(words, source, start)) < 0:
            return False
    return True


def _end_of(words: str, source: str, start: int) -> int:
    """Where these words end in the source, found whole at or after ``start``; -1 when they do not stand there."""
    first = words[0]
    found = [_whole(letter + words[1:], source, start) for letter in dict.fromkeys((first, first.swapcase()))]
    ends = [end for end in found if end >= 0]
    return min(ends) if ends else -1


def _whole(words: str, source: str, start: int) -> int:
    for _ in range(MOST_PLACES):
        if (start := source.find(words, start)) < 0:
            return -1
        end = start + len(words)
        if not (source[start - 1 : start].isalnum() or source[end : end + 1].isalnum()):
            return end
        start += 1
    return -1


def _listed(wrong: Sequence[str]) -> str:
    shown = "; ".join(wrong[:MOST_TOLD])
    return shown if len(wrong) <= MOST_TOLD else f"{shown}; and {len(wrong) - MOST_TOLD} more"
