"""Demands that a prompt makes in words, found by their usual phrases, in English.

A demand that is overlooked is one check less; one that was never made turns good answers away. So a phrase must name
what is counted and how, and what is doubtful is left alone. How many are found, and how many wrongly, is measured
(``docs/decisions.md``). The work is bounded: a prompt is anybody's.
"""

import re
from collections.abc import Callable, Sequence

from schemas.content import Json
from services.validator.domain.demands import Asked
from services.validator.domain.found_language import language_in
from services.validator.domain.message import ends_of

LOOKED_AT = 1_000
"""Characters at either end of a prompt: what is demanded stands before what it is about, or after it."""
NAMED: Sequence[str] = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
)
NUMBER = rf"(?P<number>\d{{1,6}}|{'|'.join(NAMED)})"
BOUND = (
    r"(?P<bound>at least|at most|no more than|not more than|less than|fewer than|under|more than|over|exactly"
    r"|a minimum of|a maximum of|around|about)"
)
AFTER = r"(?P<after> or more| or fewer| or less)?"
OF = r"(?: [a-z-]+){0,3}?"
QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2019": "'", "\u2018": "'"})
QUOTED = re.compile(r'"([^"\n]{1,200})"')
SINGLY_QUOTED = re.compile(r"(?<!\w)'([^'\"\n]{1,60})'(?!\w)")
LIST = r'(?P<list>"[^"\n]{1,80}"(?:(?:,|, and| and|,? or) "[^"\n]{1,80}")*)'
TURNED = {
    **dict.fromkeys(("more than", "over"), "at most"),
    **dict.fromkeys(("less than", "fewer than", "under"), "at least"),
}
"""What a bound means after a negation."""
DOUBTFUL = "about"
"""A bound that no program can check."""
BEFORE = 80
"""Characters before a phrase in which a negation, or a question, is of this phrase."""
PARTED = re.compile(r"[.,;:!?\n]|\b(?:and|but|then)\b", re.IGNORECASE)
SENTENCE_PARTED = re.compile(r"[.;:!?\n]|\b(?:and|but|then)\b", re.IGNORECASE)
NEGATION = re.compile(
    r"\b(?:not|no|never|without|avoid|cannot|refrain|\w+n't)\b(?! (?:forget|fail|hesitate)\b)", re.IGNORECASE
)
FORBIDDING = re.compile(r"\b(?:forbid|forbidden|exclude|prohibited|banned|nor|instead of)\b", re.IGNORECASE)
FORBIDDEN = re.compile(r"[^.!?\n]{0,40}\b(?:forbidden|prohibited|banned|not (?:allowed|permitted))\b", re.IGNORECASE)
NEGATED_BOUND = re.compile(
    r"\b(?:not|no|never|without|avoid|cannot|\w+n't)"
    r"(?: (?:ever|to|be|go|run|use|using|write|writing|have|having|contain|containing|include|including|it|in))* $",
    re.IGNORECASE,
)
OPTIONAL = re.compile(
    r"\b(?:(?:not|never|\w+n't) (?:have|need) to|need not|needn't|why|if|whether|unless)\b", re.IGNORECASE
)
"""What leaves a bound after a negation to the model."""
LISTED = re.compile(r"\bor(?: \w+)? $", re.IGNORECASE)
"""What a clause is that goes on with the list of the clause before it, and its negation."""
ALLOWED = re.compile(
    r"\b(?:(?:if|whether)(?! you (?:can|could|would)\b)|may|(?<!you )could(?! you\b))\b", re.IGNORECASE
)
DENIED = re.compile(
    r"\b(?:(?:not|never|cannot|avoid|refrain|\w+n't)\b(?! (?:forget|fail|hesitate)\b)|no need\b|without \w+ing\b)",
    re.IGNORECASE,
)
SPOKEN_OF = re.compile(r"(?: letters)? (?:is|are|was|were|looks?|means?)\b", re.IGNORECASE)
"""What follows a form that is not asked for: a word on it."""
ASKED_ABOUT = re.compile(
    r"\W*(?:how|why|when|where|is|are|do|does|did|was|were|should"
    r"|what(?:'s| is| are) the (?:differen|advantage|use)\w*)\b",
    re.IGNORECASE,
)
"""How a question begins that is about a form; ``could you`` asks for it."""
ASKED = re.compile(r"[^.,:;!?\n]*\?")
NOT = r"(?:do not|don't|doesn't|does not|must not|without|not|never|avoid|refrain from|exclude)"
Read = Callable[[re.Match[str]], Sequence[Asked]]


def found_in(prompt: str) -> tuple[Asked, ...]:
    """The demands of a prompt, each once, in the order of the rules."""
    text = SINGLY_QUOTED.sub(r'"\1"', ends_of(prompt, LOOKED_AT).translate(QUOTES))
    found: list[Asked] = []
    for pattern, read in RULES:
        for match in pattern.finditer(text):
            found.extend(demand for demand in read(match) if demand not in found)
    language = language_in(text)
    return (*found, *([("language", {"value": language})] if language else []))


def _before(match: re.Match[str], group: str | int = 0, parted: re.Pattern[str] = PARTED) -> str:
    """What stands before it in its own clause."""
    start = match.start(group)
    return parted.split(match.string[max(0, start - BEFORE) : start])[-1]


def _bound_of(match: re.Match[str]) -> str:
    """The bound as its clause means it: ``do not use more than`` is ``at most``."""
    bound = (match.groupdict().get("bound") or "").lower()
    if bound not in TURNED:
        return bound
    before = _before(match, "bound")
    if not NEGATION.search(before):
        is_listed = LISTED.search(before) and NEGATION.search(_before(match, "bound", SENTENCE_PARTED))
        return DOUBTFUL if is_listed else bound
    return TURNED[bound] if NEGATED_BOUND.search(before) and not OPTIONAL.search(before) else DOUBTFUL


def _counted(match: re.Match[str], *, exact: bool = False) -> Json | None:
    told = match.groupdict()
    number = _number(told["number"])
    bound, after = _bound_of(match), (told.get("after") or "").strip()
    if after and not bound and NEGATED_BOUND.search(_before(match)):
        return None
    if bound in ("at least", "a minimum of") or after == "or more":
        return {"at_least": number}
    if bound in ("more than", "over"):
        return {"at_least": number + 1}
    if bound in ("less than", "fewer than", "under"):
        return {"less_than": number}
    if bound in ("at most", "no more than", "not more than", "a maximum of") or after in ("or fewer", "or less"):
        return {"less_than": number + 1}
    return {"exactly": number} if bound == "exactly" or (exact and not bound) else None


def _number(told: str) -> int:
    return int(told) if told.isdecimal() else NAMED.index(told.lower()) + 1


def _count_of(name: str, *, exact: bool = False) -> Read:
    def read(match: re.Match[str]) -> Sequence[Asked]:
        counted = _counted(match, exact=exact)
        return [(name, counted)] if counted is not None else []

    return read


def _range_of(name: str) -> Read:
    def read(match: re.Match[str]) -> Sequence[Asked]:
        least, most = _number(match["number"]), _number(match["most"])
        return [(name, {"at_least": least}), (name, {"less_than": most + 1})] if least <= most else []

    return read


def _plain(name: str) -> Read:
    return lambda match: [(name, {})]


def _unless_denied(name: str) -> Read:
    """Of a form that may as well be forbidden, left to the model, or spoken of."""

    def read(match: re.Match[str]) -> Sequence[Asked]:
        before = _before(match)
        is_denied = DENIED.search(before) or ALLOWED.search(before) or SPOKEN_OF.match(match.string, match.end())
        is_question = ASKED_ABOUT.match(before) and ASKED.match(match.string, match.end())
        return [] if is_denied or is_question else [(name, {})]

    return read


def _no_commas(match: re.Match[str]) -> Sequence[Asked]:
    """Commas as often asked for as forbidden: a word of the sentence, before or behind, forbids them."""
    before, behind = _before(match, parted=SENTENCE_PARTED), FORBIDDEN.match(match.string, match.end())
    is_forbidden = NEGATION.search(before) or FORBIDDING.search(before) or behind
    return [("no_commas", {})] if is_forbidden else []


def _texts(name: str) -> Read:
    return lambda match: [(name, {"texts": QUOTED.findall(match["list"])})]


def _occurrences(match: re.Match[str]) -> Sequence[Asked]:
    counted = _counted(match)
    return [("occurrences", {"text": match["text"].lower(), **counted})] if counted is not None else []


def _section(match: re.Match[str]) -> Sequence[Asked]:
    return [("sections", {"at_least": _number(match["number"]), "separator": match["word"]})]


def _nth(match: re.Match[str]) -> Sequence[Asked]:
    place = match["place"].lower()
    count = re.search(rf"\b{NUMBER} paragraphs?\b", match.string, re.IGNORECASE)
    if count is None:
        return []
    out_of = _number(count["number"])
    number = out_of if place == "last" else PLACES.index(place.removeprefix("very ")) + 1
    return [("nth_paragraph", {"number": number, "out_of": out_of, "word": match["word"].lower()})]


def _postscript(match: re.Match[str]) -> Sequence[Asked]:
    return [("postscript", {"text": "P.P.S" if match["twice"] else "P.S."})]


def _choices(match: re.Match[str]) -> Sequence[Asked]:
    told = QUOTED.findall(match["choices"])
    return [("one_of", {"texts": told})] if len(told) > 1 else []


def _above(match: re.Match[str]) -> Sequence[Asked]:
    text = match.string[: match.start()].strip()
    return [("starts_with", {"text": text})] if text else []


def _below(match: re.Match[str]) -> Sequence[Asked]:
    text = match.string[match.end() :].strip()
    return [("starts_with", {"text": text})] if text else []


PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
PHRASES: Sequence[tuple[str, Read]] = (
    (rf"\b{BOUND} {NUMBER}{AFTER}{OF} words\b(?! [^.\n]{{0,20}}\b(?:capital|caps))", _count_of("words")),
    (rf"\b{NUMBER}{OF} words(?P<after> or more| or fewer| or less)\b", _count_of("words")),
    (rf"\b{NUMBER} (?:to|and|or|-) (?P<most>\d{{1,6}}) words\b", _range_of("words")),
    (rf"\bnumber of words[^.\n]{{0,40}} should be {NUMBER}(?P<after> or more| or fewer| or less)", _count_of("words")),
    (rf"\b{BOUND} {NUMBER}{AFTER}{OF} sentences?\b", _count_of("sentences")),
    (rf"\b{NUMBER} (?:to|or|-) (?P<most>\d{{1,6}}) sentences\b", _range_of("sentences")),
    (rf"\b(?:{BOUND} )?{NUMBER} bullet(?:ed)? points?\b", _count_of("bullets", exact=True)),
    (rf"\bhighlight {BOUND} {NUMBER}{OF} (?:sections?|parts?|phrases?|words?|texts?)\b", _count_of("highlights")),
    (rf"\b{BOUND} {NUMBER}{OF} (?:sections?|parts?)[^.\n]{{0,40}} highlighted\b", _count_of("highlights")),
    (rf"\b{BOUND} {NUMBER} (?:highlighted|italic)\b", _count_of("highlights")),
    (rf"\bitalicize {BOUND} {NUMBER}\b", _count_of("highlights")),
    (rf"\b{BOUND} {NUMBER}{OF} placeholders?\b", _count_of("placeholders")),
    (rf"\b(?:{BOUND} )?{NUMBER} paragraphs?\b(?=[^\0]*(?<!\*)\*\*\*(?!\*))", _count_of("paragraphs", exact=True)),
    (
        rf"\b{NUMBER} sections\b[^\0]{{0,80}}?\b(?P<word>SECTION|Section|PARAGRAPH|Chapter|CHAPTER|PART) (?:X|1)\b",
        _section,
    ),
    (
        rf"\b(?P<place>(?:very )?(?:{'|'.join(PLACES)})|last) paragraph(?: must| should)?"
        r" starts? with (?:the word )?\"?(?P<word>\w+)\"?",
        _nth,
    ),
    (
        r"\bno commas\b|\bwithout (?:any |using |using any )?commas?\b"
        r"|\b(?:should|must|may|do) not (?:use|contain|include) any comma\b",
        _plain("no_commas"),
    ),
    (
        r"\b(?:any|use|contain|using|include) commas\b",
        _no_commas,
    ),
    (r"<<[^\n>]{0,80}>>|\bdouble angular brackets\b", _plain("titled")),
    (
        r"\bno capital letters\b|\bnot contain any capital letters\b|\bletters lowercased\b",
        _plain("lowercase"),
    ),
    (r"\b(?:all|in|only|only use)(?: in)? (?:lowercase|lower case)\b", _unless_denied("lowercase")),
    (
        r"(?<!words with )(?<!words in )(?<!phrases in )(?<!be in )\b(?:all|only use|only) capital letters\b",
        _unless_denied("uppercase"),
    ),
    (
        rf"\b(?:words (?:with|in) all capital letters|all[- ]caps words)[^.\n]{{0,60}} {BOUND} {NUMBER}{AFTER} times\b",
        _count_of("capital_words"),
    ),
    (rf"\b{BOUND} {NUMBER} words[^.\n]{{0,20}} in all (?:capital letters|caps)\b", _count_of("capital_words")),
    (r"\b(?:wrap|put|enclose|surround)[^.\n]{0,80}\bdouble quot", _plain("quoted")),
    (
        r"\b(?:(?<! is )(?<! are )(?<! was )(?<! were )in|use|using|wrapped in|a) (?:a )?(?:valid )?json\b(?! files?\b)"
        r"|\b(?:sure|ensure)\b[^.,;!?\n]{0,60} (?:is|are) in (?:a )?(?:valid )?json\b",
        _unless_denied("is_json"),
    ),
    (r"(?<!\*)\*{6}(?!\*)", _plain("two_answers")),
    (
        r"\bpost ?script\b[^\n]{0,60}?\b(?P<twice>P\.\s?P\.\s?S)|\bpost ?script\b[^\n]{0,60}?\bP\.\s?S\b",
        _postscript,
    ),
    (
        r"(?<!not )(?<!n't )\b(?:include|including|containing|mention|contain|add|use|has)"
        rf"(?: (?:the|both|following))* (?:key ?)?words?:? {LIST}(?! (?:at|less|no|more|only|\d))",
        _texts("has_texts"),
    ),
    (
        rf"\b{NOT}\b(?: (?:include|including|contain|use|using|say|saying|mention|mentioning))?"
        rf"(?: (?:the|any|of|these|following))*(?: (?:key ?)?words?)?:? {LIST}",
        _texts("lacks_words"),
    ),
    (
        r"\b(?:word|letter|keyword) \"?(?P<text>[\w!#]+)\"?(?: (?:should|must|to))?(?: appears?)?,?"
        rf" {BOUND} {NUMBER}{AFTER} times?\b",
        _occurrences,
    ),
    (
        r"\b(?:word|letter|keyword) \"?(?P<text>[\w!#]+)\"? should appear"
        rf" {NUMBER}(?P<after> or more| or fewer| or less) times?\b",
        _occurrences,
    ),
    (
        r"\b(?:end|ends|finish|finishes|conclude)\b[^\"\n]{0,70}\b(?:phrase|sentence|read|with|words?)\b[^\"\n]{0,20}"
        r"\"(?P<text>[^\"\n]{8,200})\"",
        lambda match: [("ends_with", {"text": match["text"]})],
    ),
    (
        r"\b(?:one of the following|answer|say|reply|respond)\b[^\"\n]{0,60}"
        r"(?P<choices>\"[^\"\n]{1,60}\"(?:(?:,|,? or) \"[^\"\n]{1,60}\")+)",
        _choices,
    ),
    (
        r"\s*(?:first,? |let's )?repeat the (?:entire )?(?:request|sentence|question|text)(?: above)?"
        r"[^\n.]{0,120}(?:word for word|above)",
        _above,
    ),
    (r"\brepeat the (?:exact )?request below\b[^\0]{0,400}?\n\n", _below),
)
RULES = tuple((re.compile(pattern, re.IGNORECASE), read) for pattern, read in PHRASES)
