"""Answers that cite, made from given texts, and the same with one thing wrong: errors of a known kind, without labels.

The texts are GSM8K's questions and gpt-4o's answers to IFEval. What is taken for a sentence here is not the check's own
idea of one. A hash of the text draws, so that a run makes the same answers again.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from infra.local.recorded.ifeval import read_rows
from infra.local.recorded.reading import read_set
from schemas.content import Source

QUESTION = re.compile(r"## Question:\s*(.*?)\s*## Instruction", re.DOTALL)
SENTENCE = re.compile(r"(?<![^\s])[A-Z](?:[^.!?\n\"\u201c\u201d\[\]()*#:]|\.(?=\d)){30,300}[.!?](?=\s|$)")
NEEDED = 2
ANSWERS_OF = "gpt-4o-2024-08-06"
BRACKETS = ("[{}]", "({})", "\u3010{}\u3011")
QUOTES = ('"{}"', "\u201c{}\u201d", "\u00ab{}\u00bb")


@dataclass(frozen=True, slots=True)
class Cited:
    """An answer of two sentences on the first of two sources: one says it again, one quotes."""

    sources: tuple[Source, Source]
    again: str
    again_cites: str | None
    quote: str
    quote_cites: str
    bracket: str
    marks: str

    def text(self) -> str:
        """The answer as a model would write it."""
        cites = "" if self.again_cites is None else f" {self.bracket.format(self.again_cites)}"
        quoted = f"The text says {self.marks.format(self.quote)} {self.bracket.format(self.quote_cites)}."
        return f"{self.again}{cites}. {quoted}"


Mutation = Callable[[Cited, random.Random], Cited | None]


def cited_answers(folder: Path) -> list[Cited]:
    """One for each text of two sentences or more; the next text is its other source."""
    texts = [text for text in _texts(folder) if len(SENTENCE.findall(text)) >= NEEDED]
    return [_cited(text, other) for text, other in zip(texts, texts[1:] + texts[:1], strict=True)]


def draw_for(text: str, kind: str) -> random.Random:
    """The same chance for the same text."""
    return random.Random(sha256(f"{kind}:{text}".encode()).digest())  # noqa: S311 a mutation, no secret


def _texts(folder: Path) -> Iterator[str]:
    for question in read_set("gsm8k", folder):
        if found := QUESTION.search(question.prompt):
            yield found[1]
    yield from (row.answers[ANSWERS_OF].text for row in read_rows(folder))


def _cited(text: str, other: str) -> Cited:
    draw = draw_for(text, "cited")
    again, quote = draw.sample([found[:-1] for found in SENTENCE.findall(text)], NEEDED)
    sources = (Source(id="s1", text=text), Source(id="s2", text=other))
    marks, quoted = draw.choice(QUOTES), draw.choice([quote, quote[0].lower() + quote[1:]])
    return Cited(sources, again, "s1", quoted, "s1", draw.choice(BRACKETS), marks)


def _changed_number(text: str, draw: random.Random) -> str | None:
    places = [at for at, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return None
    at = draw.choice(places)
    return text[:at] + draw.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]


def _number(answer: Cited, draw: random.Random) -> Cited | None:
    changed = _changed_number(answer.again, draw)
    return None if changed is None else replace(answer, again=changed)


def _quoted_number(answer: Cited, draw: random.Random) -> Cited | None:
    changed = _changed_number(answer.quote, draw)
    return None if changed is None else replace(answer, quote=changed)


def _dropped_word(answer: Cited, draw: random.Random) -> Cited:
    words = answer.quote.split()
    del words[draw.randrange(1, len(words) - 1)]
    return replace(answer, quote=" ".join(words))


def _invented(answer: Cited, draw: random.Random) -> Cited:
    return replace(answer, quote=draw.choice(SENTENCE.findall(answer.sources[1].text))[:-1])


def _negated(answer: Cited, draw: random.Random) -> Cited:
    words = answer.again.split()
    words.insert(draw.randrange(1, len(words)), "not")
    return replace(answer, again=" ".join(words))


def _without(answer: Cited, _: random.Random) -> Cited:
    return replace(answer, again_cites=None)


def _nobodys(answer: Cited, draw: random.Random) -> Cited:
    return replace(answer, again_cites=f"s{draw.randrange(3, 100)}")


def _anothers(answer: Cited, _: random.Random) -> Cited:
    return replace(answer, quote_cites="s2")


CITATION_MUTATIONS: Mapping[str, Mutation] = {
    "changed_number": _number,
    "changed_number_in_quote": _quoted_number,
    "dropped_word_in_quote": _dropped_word,
    "invented_quote": _invented,
    "source_not_given": _nobodys,
    "other_source": _anothers,
    "no_source": _without,
    "negated": _negated,
}


def mutants(answers: Sequence[Cited], kind: str) -> Iterator[Cited]:
    """Each answer with this one thing wrong, where it holds what can be made wrong."""
    for answer in answers:
        changed = CITATION_MUTATIONS[kind](answer, draw_for(answer.text(), kind))
        if changed is not None and changed != answer:
            yield changed
