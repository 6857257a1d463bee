"""Demands that give a text: words that must or must not occur, choices, a beginning, an end.

A quotation, or several in a row, is read by what leads to it and what follows it in its own sentence.
"""

import re
from collections.abc import Iterator

from services.validator.domain.demands import Asked
from services.validator.domain.found_context import Prompt, asks, clause_of, is_stated, is_unbidden
from services.validator.domain.found_forms import DENIED, FORBIDDEN
from services.validator.domain.found_numbers import NEGATION, WORDED

QUOTED = re.compile(r'"([^"\n]{1,200})"')
LETTER = re.compile(
    r"\b(?:without|avoid|not|never|n't)\b(?: (?:using|use|including|include|containing|contain|any"
    r"|ever))* (?:the )?letter"
    r" \"?(?P<letter>[a-z])\"?(?! (?:more|less|fewer|at|only|too|in the)\b|\w)"
)
OF_PEOPLE = re.compile(r"\b(?:who|trying|tries|tried|people|they|he|she)\b")
LIST = re.compile(r'\[?"[^"\n]{1,200}"(?:(?:,? (?:and|or|nor)|,| /)? ?"[^"\n]{1,80}"){0,30}\]?')
NOUN = r"(?:(?:key ?)?words?|key ?phrases?|terms?|phrases?|expressions?)"
LEAD = re.compile(
    r"\b(?P<verb>includ(?:e|es|ing)|contain(?:s|ing)?|mention(?:s|ing| of)?|us(?:e|es|ing)|use of|incorporat(?:e"
    r"|es|ing)"
    r"|featur(?:e|es|ing)|add(?:ing)?|say(?:ing)?|with|ha(?:s|ve)|having|avoid(?:ing)?|without|omit(?:ting)?"
    r"|leav(?:e|ing) out|exclud(?:e|ing)|skip|no use of)"
    r"(?: (?:using|mentioning|saying|including|the|both|all|of|any|these|following|exact|specific|either|its))*"
    rf"(?P<noun> {NOUN}(?: such as| like| in it)?)?:? ?\[?$"
)
FORBIDS = re.compile(r"avoid|without|omit|leav|exclud|skip|no use")
NEEDS_NO_NOUN = re.compile(r"includ|contain|mention|incorporat")
NAMED_BEFORE = re.compile(rf"(?:\b{NOUN}:?|\A|[,;:]|\bthat|\bbut) ?\[?$")
REQUIRED = re.compile(
    r" (?:(?:must|should|shall|has to|have to|needs? to|ought to)(?: all| both| each| also)?"
    r" (?:appear|occur|feature|show up|be (?:used|included|mentioned|present))"
    r"|(?:is|are) (?:required|mandatory|obligatory|a must|to be (?:used|included|mentioned))|to (?:appear"
    r"|be (?:used|included|mentioned)))"
)
COUNTED = re.compile(
    rf"[^.\n]{{0,40}}?\b(?:at least|at most|no more|not more|exactly|less|fewer|more|only|once|twice|thrice|\d+"
    rf"|{WORDED})"
    r"\b[^.\n]{0,20}?(?:\btimes?\b|(?<=nce)|(?<=ice)|$)"
)
JOINED_BY_OR = re.compile(r'" ?,? ?or "')
CHOOSE = re.compile(
    r"\b(?:one of\b[^\"]{0,60}|(?:choose|pick|select)\b[^\"]{0,60}|(?:answer|respond|reply|say|classify|label|output"
    r"|return)\b[^\"]{0,40})\[?$"
)
ONE_OF = re.compile(r"\bone of\b|\b(?:choose|pick|select|either)\b")
NAMED_KEYWORDS = re.compile(r"\b(?:includ|contain|mention|us(?:e|ing)\b|keywords)")
PARAGRAPH = re.compile(r"\b(?:paragraph|section|stanza|verse|line|chapter)")
PART = re.compile(
    r"\b(?:each|every|any|all|lines?|paragraphs?|sections?|bullets?|items?|names?|titles?|stanzas?"
    r"|verses?|comments?"
    r"|sentences? (?:must|should)|headings?|files?|mails?|words? (?:that|must))\b"
)
EXACTLY = r"(?: (?:the|a|an|exact|following|exactly|these|this|same|words?|phrase|sentence|line|expression|greeting))*"
START = re.compile(
    rf"\b(?:(?P<verb>(?:begin|start|open)(?:s|ning|ing)?)\b(?P<between>[^\"\n.;]{{0,60}}?)\bwith{EXACTLY}"
    r"|(?:the )?first (?:few )?(?:words?|sentence|line) (?P<of>of|in) (?:your|the) (?:\w+ )?\w+ (?:must|should"
    r"|has to|have to) be"
    r"(?: the words?)?),?:? ?$"
)
END = re.compile(
    r"\b(?:(?P<verb>(?:end|finish|conclud|clos)(?:e|s|es|ing)?)\b(?P<between>[^\"\n]{0,70}?)"
    r"\b(?:phrase|sentence|read|with|words?|saying|line)\b[^\"\n]{0,30}"
    r"|(?:very )?(?:last (?:words?|sentence|line|phrase)|end) (?P<of>of|in) (?:your|the) (?:\w+ )?\w+ (?:must"
    r"|should|has to|have to)"
    r" (?:be|read|say)(?: the words?)?),?:? ?$"
)
BEFORE, LEAST_LETTERS = 160, 3
KEYWORDS = re.compile(
    r"(?P<lead>\b(?:keywords|keyword|(?:saying|using|use|say|avoid|mention) the words?)):? "
    r"(?P<words>[\w'-]{1,40}(?:(?:,? and|,? or|,) [\w'-]{1,40}){0,10})(?=[.!?\n]|\Z| in (?:the|your)\b)"
)
TOKEN = re.compile(r"[\w'-]+")
CHOICES_BELOW = re.compile(
    r"\b(?:one of (?:the |these )?(?:following )?(?:\w+ )?|(?:choose|pick|select)(?: one)?(?: of"
    r"| from)?(?: the following)?)"
    r"(?:phrases|sentences|options|answers|responses|words)?:\n(?P<lines>(?:[^\n]{1,80}(?:\n|\Z)){2,10})"
)
NO_CHOICE = re.compile(r"(?:just|please|choose|pick|select|your|do not|don't|you|no |explain)\b|\s*$", re.IGNORECASE)
NUMBERED = re.compile(r"\s*(?:[-*\u2022]|\(?\w[.)])\s")


def texts_in(prompt: Prompt) -> Iterator[Asked]:
    """All demands of a prompt that give a text."""
    if '"' in prompt.text:
        for match in LIST.finditer(prompt.text):
            yield from _quoted(prompt, match)
    for match in LETTER.finditer(prompt.low) if "letter" in prompt.low else ():
        if not OF_PEOPLE.search(prompt.before(match.start())) and asks(prompt, match.start(), match.end()):
            yield "occurrences", {"text": match["letter"], "less_than": 1}
    if "word" in prompt.low:
        for match in KEYWORDS.finditer(prompt.low):
            yield from _keywords(prompt, match)
    if ":\n" in prompt.low:
        for match in CHOICES_BELOW.finditer(prompt.low):
            yield from _choices_below(prompt, match)


def _quoted(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    """What the quotations in a row are asked for, if for anything: the first that fits."""
    start, end = match.span()
    before = prompt.before(start)
    told = QUOTED.findall(match[0])
    edge, found = _edge(before)
    if not _is_asked_at(prompt, before, found, start, end):
        return
    if found:
        if _is_edge(before, found, told):
            yield edge, {"text": told[0]}
    elif name := _choice(before, match[0], told) or _words(before, prompt.behind(end), match[0]):
        yield name, {"texts": _in_either_case(told) if name == "one_of" else told}


def _edge(before: str) -> tuple[str, re.Match[str] | None]:
    """Which edge of the answer what stands before a quotation speaks of, and where."""
    forms = (("ends_with", END), ("starts_with", START))
    met = ((name, form.search(before, max(0, len(before) - BEFORE))) for name, form in forms)
    return next(((name, found) for name, found in met if found), ("", None))


def _is_asked_at(prompt: Prompt, before: str, edge: re.Match[str] | None, start: int, end: int) -> bool:
    found = edge or LEAD.search(before)
    place = start - len(before) + found.start() if found else start
    return asks(prompt, place, end) and not (found and _is_stated_with(before, found))


def _is_stated_with(before: str, found: re.Match[str]) -> bool:
    told = found.groupdict()
    if not told.get("verb"):
        return False
    return is_stated(before[: found.end("verb")]) or is_stated(before[: found.start("verb")])


def _is_edge(before: str, found: re.Match[str], told: list[str]) -> bool:
    """Whether it is the beginning or the end of the whole answer."""
    if len(told) > 1 or sum(map(str.isalpha, told[0])) < LEAST_LETTERS:
        return False
    clause = clause_of(before[max(0, len(before) - BEFORE) : found.start()])
    is_of_part = (
        PART.search(clause) or PART.search(found["between"] or "") or (found["of"] and PARAGRAPH.search(found[0]))
    )
    return not (is_of_part or DENIED.search(clause))


def _choice(before: str, row: str, told: list[str]) -> str | None:
    found = CHOOSE.search(before)
    if (
        found is None
        or len(told) == 1
        or DENIED.search(before)
        or NAMED_KEYWORDS.search(found[0])
        or is_unbidden(before)
    ):
        return None
    return "one_of" if ONE_OF.search(found[0]) or JOINED_BY_OR.search(row) else None


def _words(before: str, behind: str, row: str) -> str | None:
    if NAMED_BEFORE.search(before):
        if FORBIDDEN.match(behind) and not DENIED.search(clause_of(before)):
            return "lacks_words"
        if REQUIRED.match(behind) and not COUNTED.match(behind):
            return None if JOINED_BY_OR.search(row) else "has_texts"
    lead = LEAD.search(before)
    return _led(before, lead, behind, row) if lead else None


def _led(before: str, lead: re.Match[str], behind: str, row: str) -> str | None:
    """What a verb before the quotations asks of them, with the negation before it."""
    verb, head = lead["verb"], clause_of(before[: lead.start()])
    is_negated, forbids = bool(NEGATION.search(head)), bool(FORBIDS.match(verb))
    if COUNTED.match(behind):
        return None
    if forbids or is_negated or re.search(r"\brefrain from\s*$", head):
        return (
            None if forbids and is_negated else "lacks_words" if lead["noun"] or verb not in ("with", "add") else None
        )
    if JOINED_BY_OR.search(row) or verb.startswith("say") or verb.endswith(" of") or is_unbidden(before):
        return None
    return "has_texts" if lead["noun"] or NEEDS_NO_NOUN.match(verb) else None


def _keywords(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    """Words that stand there without quotation marks, after ``keywords`` or where they are forbidden."""
    before = prompt.before(match.start("words"))
    lead = LEAD.search(before)
    if lead is None or not asks(prompt, match.start(), match.end()):
        return
    name = _led(before, lead, prompt.behind(match.end()), "")
    if name == "lacks_words" or (name and match["lead"].startswith("keyword")):
        told = prompt.text[match.start("words") : match.end("words")]
        yield name, {"texts": [word for word in TOKEN.findall(told) if word not in ("and", "or")]}


def _choices_below(prompt: Prompt, match: re.Match[str]) -> Iterator[Asked]:
    lines = [line.strip() for line in prompt.text[match.start("lines") : match.end("lines")].splitlines()]
    told = [line for line in lines if not NO_CHOICE.match(line)]
    if len(told) > 1 and not any(map(NUMBERED.match, told)) and asks(prompt, match.start(), match.end()):
        yield "one_of", {"texts": _in_either_case(told)}


def _in_either_case(told: list[str]) -> list[str]:
    """Choices, and each with a capital letter, as a sentence begins: which of them it is goes by the letter."""
    return list(dict.fromkeys((*told, *(text[:1].upper() + text[1:] for text in told))))
