"""An answer read for what it cites: its sentences, each with its quotes, its numbers and the sources it names.

Every form here is tried once at each place, so the time is in proportion to the text, which is a model's.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

MARK, QUOTED = "\ue000", "\ue001"
"""What stands in the place of each letter of a citation and of a quote, while sentences are told apart."""

BRACKETS = re.compile(r"\[([^\[\]\n]{1,200})\](?!\()|\u3010([^\u3010\u3011\n]{1,200})\u3011|\(([^()\n]{1,200})\)")
SEPARATOR = re.compile(r"[,;]|\band\b")
LED = re.compile(r"(?:sources?|documents?|docs?|refs?|references?)[ \t]*[:#]?[ \t]+|\^", re.IGNORECASE)
"""What may stand before an id: ``[source 1]``, ``[Source: 1]``, ``[^1]``."""
RANGE = re.compile(r"([^\W\d_]*)(\d{1,4})[-\u2013]\1(\d{1,4})", re.IGNORECASE)
LONGEST_RANGE = 50
ID = re.compile(r"[\w.:/#-]{1,80}")
QUOTE = re.compile(
    r"(?<![\w\"])\"([^\"\n]{1,2000})\"(?!\w)|\u201c([^\u201c\u201d\n]{1,2000})\u201d"
    r"|\u201e([^\u201e\u201c\u201d\n]{1,2000})[\u201c\u201d]|\u00ab([^\u00ab\u00bb\n]{1,2000})\u00bb|^>[ \t]?([^\n]+)",
    re.MULTILINE,
)
CODE = re.compile(r"```[^`]*```|`[^`\n]*`|https?://[^\s)\]]+")
"""Code and addresses: neither cites nor states."""
WORD = re.compile(r"\w+")
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
ITEM = re.compile(r"[ \t]*(?:\d{1,3}[.)]|[-*+\u2022])[ \t]+")
# Begins only where a run of stops begins, and gives none of it back: else a long run is read again from each stop.
END = re.compile(rf"(?<![.!?\u2026])[.!?\u2026]++[\"\u201d\u2019\u00bb)\]*_]*+(?=[\s{MARK}]|$)[ \t{MARK}]*|\n+")
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Art|Sec|Fig|e\.g|i\.e|cf|vs|approx|p|pp)|^\s*\d+)$"
)
SPELLED = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
LOOK_BACK = 12
LEAST_QUOTE = 3
"""Words. What is shorter is a name or a term, not somebody's words."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """``sources``: the ids it names. ``foreign``: how many of its citations name none. ``needs``: whether it states."""

    start: int
    sources: tuple[str, ...]
    foreign: int
    quotes: tuple[str, ...]
    numbers: tuple[str, ...]
    needs: bool


@dataclass(frozen=True, slots=True)
class _Citation:
    start: int
    end: int
    sources: tuple[str, ...]
    foreign: int


def sentences_of(text: str, ids: Collection[str]) -> tuple[Sentence, ...]:
    """All sentences in order. A citation after a full stop belongs to the sentence before it."""
    plain = CODE.sub(lambda code: " " * len(code[0]), text)
    citations = tuple(_citations(plain, {known.casefold(): known for known in ids}))
    masked = _masked(plain, MARK, [(each.start, each.end) for each in citations])
    quotes = [found for found in QUOTE.finditer(masked) if len(WORD.findall(_inside(found))) >= LEAST_QUOTE]
    cited, quoted = [each.start for each in citations], [quote.start() for quote in quotes]
    return tuple(
        _sentence(masked, span, citations[_within(cited, span)], quotes[_within(quoted, span)])
        for span in _spans(masked, quotes)
    )


def _within(places: Sequence[int], span: tuple[int, int]) -> slice:
    return slice(*(bisect_left(places, end) for end in span))


def _masked(text: str, mark: str, spans: Sequence[tuple[int, int]]) -> str:
    """The same text and length, with nothing but marks in these spans."""
    parts, last = list[str](), 0
    for start, end in spans:
        parts += text[last:start], mark * (end - start)
        last = end
    return "".join((*parts, text[last:]))


def numbers_in(text: str) -> tuple[str, ...]:
    """Every number, in one way of writing: 1,250.50 and 1250.5 are the same."""
    return tuple(_one_way(found) for found in NUMBER.findall(text))


def spelled_in(words: Iterable[str]) -> set[str]:
    """The numbers that are written as words, such as ``two``, in figures; the words in lower case."""
    return {SPELLED[word] for word in words if word in SPELLED}


def _one_way(number: str) -> str:
    whole = number.replace(",", "") if GROUPED.fullmatch(number) else number.replace(",", ".")
    if whole.count(".") != 1:
        return whole.lstrip("0") or "0"
    return whole.rstrip("0").rstrip(".").lstrip("0") or "0"


def _citations(text: str, known: dict[str, str]) -> Iterator[_Citation]:
    shapes = {_shape(each) for each in known.values() if not each.isalpha()}
    for found in BRACKETS.finditer(text):
        inside, is_round = found[1] or found[2] or found[3], found[3] is not None
        whole = inside.strip().casefold()
        is_round = is_round and not LED.match(inside.strip())
        parts = [whole] if whole in known else list(_parts(inside, known, is_round))
        named = [known[part.casefold()] for part in parts if _is_known(part, known, is_round)]
        foreign = sum(_looks_foreign(part, known, shapes, is_round) for part in parts)
        if len(named) + foreign == len(parts):
            yield _Citation(found.start(), found.end(), tuple(named), foreign)


def _parts(inside: str, known: dict[str, str], is_round: bool) -> Iterator[str]:
    """The names in a bracket; those of a range, ``1-3``, one by one."""
    for part in map(_named, SEPARATOR.split(inside)):
        name = part if part.casefold() in known else part[led.end() :] if (led := LED.match(part)) else part
        span = None if is_round or name.casefold() in known else RANGE.fullmatch(name)
        numbers = range(int(span[2]), int(span[3]) + 1) if span else ()
        if span and 0 < len(numbers) <= LONGEST_RANGE:
            yield from (f"{span[1]}{number}" for number in numbers)
        else:
            yield name


def _named(part: str) -> str:
    """Some models write the lines of a source after its id: 1\u2020L4-L9."""
    return part.partition("\u2020")[0].strip()


def _is_known(part: str, known: dict[str, str], is_round: bool) -> bool:
    """A number in round brackets counts items, or is a year."""
    return part.casefold() in known and not (is_round and part.isdigit())


def _looks_foreign(part: str, known: dict[str, str], shapes: set[str], is_round: bool) -> bool:
    if part.casefold() in known or not ID.fullmatch(part):
        return False
    if _shape(part) in shapes:
        return not (is_round and part.isdigit())
    return not is_round and any(letter.isdigit() for letter in part)


def _shape(name: str) -> str:
    """``invoice-7`` and ``invoice-12`` look the same, and ``letter-7`` almost."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", name))


def _spans(masked: str, quotes: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    masked = _masked(masked, QUOTED, [(quote.start() + 1, quote.end() - 1) for quote in quotes])
    start = 0
    for found in END.finditer(masked):
        if _goes_on(masked, found):
            continue
        end = _before_a_subject(masked, found)
        yield start, end
        start = end
    yield start, len(masked)


def _goes_on(masked: str, found: re.Match[str]) -> bool:
    before = masked[max(0, found.start() - LOOK_BACK) : found.start()].rpartition("\n")[2]
    return found[0].startswith(".") and bool(ABBREVIATION.search(before))


def _before_a_subject(masked: str, found: re.Match[str]) -> int:
    """``It rains. [s2] says so.``: that citation begins the next sentence."""
    place = found[0].find(MARK)
    subject = place >= 0 and masked[found.end() : found.end() + 1].islower()
    return found.start() + place if subject else found.end()


def _sentence(
    masked: str, span: tuple[int, int], own: Sequence[_Citation], quotes: Sequence[re.Match[str]]
) -> Sentence:
    start, end = span
    item = ITEM.match(masked, start, end)
    said = masked[item.end() if item else start : end].replace(MARK, " ").strip()
    return Sentence(
        start=start + len(masked[start:end]) - len(masked[start:end].lstrip()),
        sources=tuple(dict.fromkeys(name for each in own for name in each.sources)),
        foreign=sum(each.foreign for each in own),
        quotes=tuple(_inside(quote) for quote in quotes),
        numbers=numbers_in(said),
        needs=_states(said),
    )


def _states(said: str) -> bool:
    """A heading, a question and what leads to a list state nothing that a source could hold."""
    return len(WORD.findall(said)) >= LEAST_QUOTE and not said.startswith("#") and not said.endswith(("?", ":"))


def _inside(quote: re.Match[str]) -> str:
    return next(group for group in quote.groups() if group is not None).replace(MARK, " ")
