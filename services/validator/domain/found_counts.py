"""Demands that count: so many words, sentences, bullets, highlights, placeholders, capitals, parts or occurrences.

A number is looked for with what it counts; the sentence around it says how it is compared, and whether it is asked for.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from schemas.content import Json
from services.validator.domain.demands import Asked
from services.validator.domain.found_context import Prompt, asks, clause_of
from services.validator.domain.found_numbers import (
    EXACT,
    LEAST,
    NUMBER,
    QUANTITY,
    before_bound,
    bounded,
    compared_behind,
    number_of,
    ranged,
)

UNIT = (
    r"(?P<unit>words|sentences?|bullet(?:ed)?[ -](?:points?|items?)|bullets?|placeholders?|paragraphs?|sections?"
    r"|parts?"
    r"|chapters?|phrases?|texts?|passages?|terms?|names?|times?|items?|entries|points?|(?P<sign>exclamation"
    r"|question) (?:marks?|points?)|hashtags?)"
)
OF = r"(?P<of>(?:(?!of\b|in\b|with\b|and\b|or\b|to\b|per\b|for\b|the\b|an?\b)[a-z-]+ ){0,3}?)"
COUNTED = re.compile(rf"{QUANTITY}[ -]{OF}{UNIT}\b")
TOLD = re.compile(
    rf"\b(?:(?:number|amount|count) of (?P<unit>words|sentences|bullet points)(?P<caps> (?:in"
    rf"|with) [^.\n]{{0,30}}letters)?"
    rf"|(?P<count>word|sentence) (?:count|limit|length)|(?P<many>bullet points|sentences|words) (?:must"
    rf"|should) (?=number|total))"
    rf"[^.\n]{{0,50}}?{QUANTITY}(?![\w%-]| [a-z]+s\b)"
)
"""The unit before its number: ``the word count must be at least 300``."""
MORE_OF_THEM = frozenset(("example ", "sample ", "more ", "other ", "additional ", "extra "))
BULLETED = re.compile(r"\bbullet(?:ed|[ -]point(?:ed)?)? list (?:of|with|containing|that has|having)\s*$")
SIGNS = {"exclamation": "!", "question": "?", "hashtag": "#"}
LENGTHS = frozenset(("", "total ", "written "))
SENTENCES = re.compile(r"(?:(?:complete|full|short|concise|simple|brief|clear|coherent|different|total) ?)*")
CAPITALS = r"(?:all |all-|full |only )*(?:capital letters|capitals|caps|upper[- ]?case(?: letters)?)"
CAPITALIZED = re.compile(r"\b(?:capitali[sz]ed|all[- ]?caps|upper[- ]?case|all[- ]capital|capital) $")
IN_CAPITALS = re.compile(
    rf"(?: or phrases)?(?: (?:must|should|may|can|have to|need to))?(?: be| that are| are)?(?: written)? (?:in"
    rf"|with) {CAPITALS}"
)
OF_CAPITALS = re.compile(
    rf"\b(?:words (?:in|with|using|of) {CAPITALS}|all[- ]caps words|(?:fully )?capitali[sz]ed words)\b"
)
HIGHLIGHT = re.compile(r"\b(?:highlight|italici[sz]e|emphasi[sz]e|mark)\s*$")
HIGHLIGHTED = re.compile(r"[^.\n]{0,40}\b(?:highlighted|italici[sz]ed|emphasi[sz]ed|in (?:italics?|bold))")
OF_HIGHLIGHTS = re.compile(r"\b(?:highlighted|italici[sz]ed|italic|emphasi[sz]ed) ")
STARRED = re.compile(r"\*[a-z]|markdown|asterisk|italic|highlight")
SEPARATED = re.compile(r"(?<!\*)\*\*\*(?!\*)")
PARTS = (
    r"(?:titles?|headings?|headlines?|intro(?:duction)?s?|conclusions?|captions?|lines?|stanzas?|verses?|items?"
    r"|entr(?:y|ies)|steps?|slides?|bullets?(?: points?)?|names?|subjects?|taglines?|slogans?|paragraphs?|sections?"
    r"|parts?|sentences?|chapters?)"
)
OF_EACH = re.compile(r"\b(?:each|every|per|a single)\b")
OF_A_PART = re.compile(rf"\b{PARTS}\b")
LEARNT = re.compile(r"\b(?:teach|learn|memori[sz]e|list|name|find|pick|spell|translate)\b[^,;]*$")
IS_THE_WHOLE = re.compile(
    r"\b(?:write|give|create|suggest|compose|draft|provide|need|make|generate|want|propose|come up with)"
    r"(?: (?:me|us))?(?: (?:a|an|one|your|some|just|only))?(?: [\w-]+){0,2}? ?$"
)
PART_BEHIND = re.compile(
    r"(?: long| in length)?,? ?\(?(?:(?:per|each|apiece|every)\b|(?:in|for|of|to|under) (?:each|every"
    r"|the (?:title|first"
    r"|last|second|third|introduction|conclusion|heading))\b|an? (?:day|minute|page|line|sentence|paragraph|week)\b)"
)
ALIKE = re.compile(
    r" (?:that (?!is|are|will|shall|would)|which|starting|beginning|ending|containing|rhyming|from|such as|like"
    r"|apart|away"
    r"|of (?!text|prose|content|writing|copy|dialogue|the )|ago|back|to (?:describe|express|say|define|avoid))"
)
"""What makes words a few that are alike, and no length."""
APART = re.compile(r"[;:]|, (?!max|min|at|no|not|up|under|over)|\b(?:and|but|then)\b")
TARGET = re.compile(
    r"\b(?:the )?(?:(?:words?|letters?|keywords?|terms?|phrase|name|character) \"(?P<quoted>[^\"\n]{1,60})\""
    r"|(?:word|letter|keyword|term|name) (?!(?:should|must|appear|in|with|that|to|at|no|of|which|is|are|used?"
    r"|occur|may|can"
    r"|has|have|or|and|from|such|like|count|limit|it)\b)(?P<bare>[\w!#'-]{1,40}))"
)
QUOTED = re.compile(r'"(?P<quoted>[^"\n]{1,60})"')
AS_MANY = re.compile(r" (?:as|the|an?|per|larger|faster|greater|more|in each)\b")
AS = re.compile(r"\b(?:such as|like|e\.g\.,?|i\.e\.,?)\s*$")
OCCURS = re.compile(r"\b(?:appear|occur|used?|using|mention|repeat|includ|contain|say|show up|feature|turn up)")
ONCE = re.compile(r"\b(?P<once>once|twice|thrice)\b(?! (?:a|upon|you|i|we|it|they|the|per|more|again|every)\b)")
VALUES = {"once": 1, "twice": 2, "thrice": 3}
MARKED = re.compile(
    r"\b(?i:mark|label|start|begin|head|denote|number|call|name)(?:ed|s|ning|ing|ling|led)?\b[^\n]{0,80}?"
    r"\b(?P<word>[A-Z][A-Za-z]{1,30}) (?:X|1)\b"
    r"|\b(?P<row>[A-Z][A-Za-z]{1,30}) 1(?:,|,? and) (?P=row) 2\b"
)
PARTED_AS = frozenset(("section", "sections", "part", "parts", "chapter", "chapters", "paragraph", "paragraphs"))
NOT_WORDS = frozenset(("Such", "Like", "With", "As"))
SHARED = re.compile(rf"{NUMBER},? (?:and|but) $")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what stands around it in its sentence. ``head``: what stands before its comparison."""

    prompt: Prompt
    match: re.Match[str]
    before: str
    head: str
    behind: str

    def counts(self, bare: str | None = None) -> Sequence[Json]:
        """The bounds that it sets."""
        told = self.match.groupdict()
        if told["most"]:
            return ranged(self.before, self.match)
        one = bounded(self.before, number_of(told["number"]), compared_behind(self.behind, told), bare)
        return [each for each in (self._shared(), one) if each is not None]

    def _shared(self) -> Json | None:
        """The bound before its own that counts the same: ``no fewer than 150 and no more than 250 words``."""
        found = SHARED.search(self.head)
        return bounded(self.head[: found.start()], number_of(found["number"]), None) if found else None


def counts_in(prompt: Prompt) -> Iterator[Asked]:
    """All demands of a prompt that count something, in the order of its words."""
    for match in COUNTED.finditer(prompt.low):
        quantity = _quantity(prompt, match)
        read = READERS.get(match["unit"].split(" ")[0].split("-")[0].rstrip("s"))
        if read and asks(prompt, match.start() - len(quantity.before) + len(quantity.head), match.end()):
            yield from read(quantity)
    for match in TOLD.finditer(prompt.low):
        yield from _told(prompt, match)
    for match in ONCE.finditer(prompt.low):
        yield from _once(prompt, match)


def _quantity(prompt: Prompt, match: re.Match[str]) -> Quantity:
    before = prompt.before(match.start("number"))
    return Quantity(prompt, match, before, before_bound(before), prompt.behind(match.end()))


def _words(quantity: Quantity) -> Iterator[Asked]:
    of = quantity.match["of"]
    if CAPITALIZED.search(of) or IN_CAPITALS.match(quantity.behind):
        yield from _all("capital_words", quantity.counts())
    elif _is_highlight(quantity):
        yield from _all("highlights", quantity.counts(LEAST))
    elif of in LENGTHS and not _are_alike(quantity) and _is_of_whole(quantity):
        yield from _all("words", quantity.counts())


def _sentences(quantity: Quantity) -> Iterator[Asked]:
    if _is_highlight(quantity):
        yield from _all("highlights", quantity.counts(LEAST))
    elif SENTENCES.fullmatch(quantity.match["of"]) and _is_of_whole(quantity):
        yield from _all("sentences", quantity.counts())


def _bullets(quantity: Quantity) -> Iterator[Asked]:
    if quantity.match["of"] in MORE_OF_THEM:
        return
    if not PART_BEHIND.match(quantity.behind) and not re.search(r"\b(?:each|every|per)\b", clause_of(quantity.head)):
        yield from _all("bullets", quantity.counts(EXACT))


def _placeholders(quantity: Quantity) -> Iterator[Asked]:
    yield from _all("placeholders", quantity.counts(LEAST))


def _pieces(quantity: Quantity) -> Iterator[Asked]:
    """Parts of a text: highlighted, separated, or marked each with a word and its number."""
    if _is_highlight(quantity):
        yield from _all("highlights", quantity.counts(LEAST))
    elif quantity.match["unit"] in PARTED_AS:
        yield from _parted(quantity)


def _parted(quantity: Quantity) -> Iterator[Asked]:
    text = quantity.prompt.text
    marked = MARKED.search(text) if " X" in text or " 1" in text else None
    word = (marked["word"] or marked["row"]) if marked else None
    if word and word not in NOT_WORDS:
        for count in quantity.counts(LEAST):
            yield "sections", {**count, "separator": word}
    elif SEPARATED.search(text):
        for count in quantity.counts(EXACT):
            yield "paragraphs", count


def _times(quantity: Quantity) -> Iterator[Asked]:
    if AS_MANY.match(quantity.behind):
        return
    target = _target(quantity)
    if target is None and OF_CAPITALS.search(quantity.before):
        yield from _all("capital_words", quantity.counts(LEAST))
    elif target is not None:
        told, head = target
        counts = Quantity(quantity.prompt, quantity.match, head, head, quantity.behind).counts(LEAST)
        yield from (("occurrences", {"text": told, **count}) for count in counts)


def _once(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    before = prompt.before(match.start())
    head, behind = before_bound(before), prompt.behind(match.end())
    target = _target(Quantity(prompt, match, before, head, behind))
    if target is None or not asks(prompt, match.start() - len(before) + len(head), match.end()):
        return
    one = bounded(target[1], VALUES[match["once"]], compared_behind(behind, {}), LEAST)
    if one is not None:
        yield "occurrences", {"text": target[0], **one}


def _target(quantity: Quantity) -> tuple[str, str] | None:
    """What is to occur so often, and what stands before the number with ``it`` in the place of that."""
    *_, last = [None, *TARGET.finditer(quantity.before)]
    if last is None and OCCURS.search(quantity.before):
        *_, last = [
            None,
            *(each for each in QUOTED.finditer(quantity.before) if not AS.search(quantity.before[: each.start()])),
        ]
    if last is None or any(last.start() < found.end() for found in OF_CAPITALS.finditer(quantity.before)):
        return None
    told = last.groupdict()
    return told["quoted"] or told["bare"], f"{quantity.before[: last.start()]}it{quantity.before[last.end() :]}"


def _items(quantity: Quantity) -> Iterator[Asked]:
    """Of a list that is one of bullets."""
    if BULLETED.search(quantity.head):
        yield from _all("bullets", quantity.counts(EXACT))


def _signs(quantity: Quantity) -> Iterator[Asked]:
    sign = SIGNS[quantity.match["sign"] or "hashtag"]
    yield from (("occurrences", {"text": sign, **count}) for count in quantity.counts())


def _told(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    quantity = _quantity(prompt, match)
    unit = match["unit"] or match["count"] or match["many"]
    name = "capital_words" if match["caps"] else "bullets" if "bullet" in unit else f"{unit.rstrip('s')}s"
    if asks(prompt, match.start(), match.end()):
        yield from _all(name, quantity.counts())


def _is_highlight(quantity: Quantity) -> bool:
    """Whether these are parts that stand out, and by asterisks."""
    is_so = (
        HIGHLIGHT.search(quantity.head)
        or HIGHLIGHTED.match(quantity.behind)
        or OF_HIGHLIGHTS.search(quantity.match["of"])
    )
    return bool(is_so and STARRED.search(quantity.prompt.low))


def _are_alike(quantity: Quantity) -> bool:
    """Whether these are a few words of one sort, and no length."""
    return bool(ALIKE.match(quantity.behind) or LEARNT.search(quantity.head))


def _is_of_whole(quantity: Quantity) -> bool:
    """Whether the whole answer is counted, not its title or each of its parts."""
    if PART_BEHIND.match(quantity.behind):
        return False
    head = APART.split(quantity.head)[-1]
    part = OF_A_PART.search(head)
    if OF_EACH.search(head):
        return False
    return part is None or (not part[0].endswith("s") and bool(IS_THE_WHOLE.search(head[: part.start()])))


def _all(name: str, counts: Sequence[Json]) -> Iterator[Asked]:
    yield from ((name, count) for count in counts)


READERS: dict[str, Callable[[Quantity], Iterator[Asked]]] = {
    "word": _words,
    "sentence": _sentences,
    "bullet": _bullets,
    "bulleted": _bullets,
    "placeholder": _placeholders,
    "time": _times,
    **dict.fromkeys(("item", "entrie", "point"), _items),
    **dict.fromkeys(("exclamation", "question", "hashtag"), _signs),
    **dict.fromkeys(("paragraph", "section", "part", "chapter", "phrase", "text", "passage", "term", "name"), _pieces),
}
