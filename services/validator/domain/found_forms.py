"""Demands on the form of the whole answer: commas, one case, quotation marks, JSON, a title, two answers, a postscript.

A form is named, and forbidden or asked for: by what stands before it, or behind it, in its own sentence.
"""

import re
from collections.abc import Iterator

from services.validator.domain.demands import Asked
from services.validator.domain.found_context import ANSWER, OF_THINGS, Prompt, asks, clause_of
from services.validator.domain.found_numbers import NEGATION, SENTENCE_PARTED

COMMA = re.compile(
    r"\bcomma(?P<free>[- ]free)?(?:s\b|\b(?!s))"
    r"(?! (?:splices?|operators?|before|after|between|than|in (?:numbers|front))\b|[- ]separated)"
)
FORBIDDING = re.compile(
    r"\b(?:forbid|forbidden|exclud\w+|prohibited|banned|ban|instead of|free of|free from|zero|omit(?:ting)?"
    r"|leav\w+ out"
    r"|skip(?:ping)?|drop(?:ping)?|devoid of|clear of|away from|eliminat\w+|refrain\w*|abstain\w*)\b"
)
REMOVAL = re.compile(r"\b(?:omit|leave out|skip|drop|shy of|afraid of|forget|exclude|avoid|miss)\b")
SOME_OF_THEM = re.compile(
    r" (?:(?:in|for|as|from|to|after|before|excessively|unnecessarily|too (?:much|often))\b"
    r"|(?:where|if|when)(?:ver)? possible)"
    rf"(?! (?:it|them|your|any|all|this|here|what you|(?:the|an?) (?:\w+ ){{0,2}}{ANSWER})\b)"
)
"""What follows commas that are forbidden somewhere only."""
FORBIDDEN = re.compile(
    r"[^.!?\n]{0,40}?\b(?:forbidden|prohibited|banned|wrong|unacceptable|taboo|disallowed|off[- ]limits"
    r"|not (?:be )?(?:allowed|permitted|acceptable|used|appear|occur|present|there|ok|okay|wanted|welcome)"
    r"|(?:must|should|may|can|will)(?:n't| not) (?:be|appear|occur|show))\b"
)
TOO_MANY = re.compile(r"\b(?:than \w+|many|enough|\d+|unnecessary|oxford|serial|trailing|extra|missing)\s*$")
OF_VALUES = re.compile(
    r"\b(?:numbers?|strings?|values?|dates?|years?|address(?:es)?|fields?|csv|rows?)(?: \w+)? (?:with|without"
    r"|with no)\s*$"
)
CASE = re.compile(
    r"\b(?:(?P<small>lower[- ]?cas(?:ed?|es)|small|uncapitali[sz]ed)|(?P<capital>upper[- ]?case|capitals?|caps"
    r"|block))"
    r"(?:[- ](?:letters?|characters?))?\b(?! (?:word|city|of|gain|punishment|investment|market|business|talk"
    r"|number|size)s?\b)"
)
SCOPE = re.compile(
    rf"\b(?:all|only|entire(?:ly)?|whole|every(?:thing)?|full(?:y)?|complete(?:ly)?|exclusively|throughout|just"
    rf"|letters?"
    rf"|{ANSWER})\b"
)
AIMED = re.compile(
    r"\b(?:answer|respond|reply|write|use|using|keep|make|explain|be|output|tell|give|want|type|put|need|provide|have"
    r"|compose|describe|generate|create|please|all|everything|entire)\b"
)
OF_SOME = re.compile(
    r"\b(?:words?|phrases?|terms?|keywords?|headings?|titles?|sections?|names?|parts?|lines?|points?"
    r"|first letter|initials?"
    r"|some|each sentence|headline|slogans? of|section names?)\b"
)
PLURAL = re.compile(
    r"(?:\b(?:write|put|type|spell|print) (?:only |just )?(?:all )?(?:the )?|^ the )"
    r"(?!letters|characters|lyrics|news|this|always|\w*ss\b)[a-z]{3,}s"
    r" (?:all |only )*(?:in )?(?:all |only |full )*$"
)
"""Things that are to be written so, and not all."""
NOT_ALL = re.compile(r"\bexcept|\band explain\b|\bfirst,")
ALL = re.compile(r"\ball[- ](?:in )?$")
NONE_OF = re.compile(
    r"\b(?:no|without|avoid|free of|(?:not|never|n't) (?:use|contain|include|have|write|any)|don't use|zero"
    r"|not a single)"
    r"(?: (?:any|using|use of|a|single|of))*\s*$"
)
ONLY_BEHIND = re.compile(r" (?:only|throughout|exclusively|and nothing else|from start to finish)\b")
SPOKEN_OF = re.compile(r" (?:is|are|was|were|looks?|means?)\b(?! (?:not |un|for|pro|required|mandatory|a must))")
DENIED = re.compile(
    r"\b(?:(?:not|never|cannot|avoid|refrain|\w+n't)\b(?! (?:forget|fail|hesitate)\b)|no need\b|without \w+ing\b"
    r"|instead of)"
)
HOW_TO = re.compile(r"\bhow to\b")
ALLOWED = re.compile(r"\b(?:may|might|(?<!you )could(?! you\b))\b")
LETTERS = re.compile(
    r"\b(?:(?P<none>no|not (?:a single|one|any)) letters?[^.\n]{0,50}|(?:all|every"
    r"|each)(?: of)?(?: the)? letters?[^.\n]{0,50})"
    r"\b(?:be|is|are) capitali[sz]ed\b|\bcapitali[sz]e (?:all|every|each)(?: of)?(?: the| your| single)* letters?\b"
)
QUOTATION_MARKS = re.compile(
    r"\bdouble[- ]?(?:quotations?|quotes?|quote marks?)\b|\bquotation marks?(?= \(\"\))|\" marks?\b"
)
WRAPPED = re.compile(
    r"\b(?:wrap(?:ped)?|put|enclos\w+|surround\w*|inside|within|between|start and end|begin and end|plac\w+"
    r"|quoted|around"
    r"|stand in|be in)\b"
)
OF_ALL = re.compile(rf"\b(?:entire|whole|full|complete|everything|all of|(?:your|the|this) {ANSWER})\b")
JSON = re.compile(
    r"\b(?P<lead>in|as|with|use|using|valid|only|a|an|one|single|output|return|produce|in an?|emit)"
    r" (?:(?:one|a|single|valid|proper|well-formed|pure|raw|plain) )*json\b(?! (?:files?|schema|parser|librar"
    r"|api|format (?:is|to)\b))"
    r"|\bjson[- ]formatted (?:answer|response|reply|output)\b"
)
PROGRAM_BEFORE = re.compile(
    r"\b(?:write|create|build|make|implement|add|design|develop|generate|need|fix|set up|code)\b[^.!?\n]{0,60}"
    r"\b(?:endpoint|server|script|api|function|route|handler|lambda|cli|config|flag|class|app|program|(?<!json )code)\b"
)
OF_JSON = re.compile(r" (?:lines|patch|snippet|example)\b")
GIVEN = re.compile(
    r"\b(?:return|output|respond|reply|answer|give|provide|produce|present|generate|format|wrap|contain|response"
    r"|result"
    r"|write|make|create|list|want|need|expect|use|sure|ensure|show|summari[sz]e|translate|deliver|put|name)\w*\b"
)
IN_IS = re.compile(r"\b(?:is|are|was|were|comes|came|written|stored|saved)(?: \w+)? ?$")
TITLED = re.compile(r"<<[^\n>]{0,80}>>|<< and >>|\bdouble[- ]ang(?:ular|le) (?:brackets|quot\w+)")
OF_TITLES = re.compile(r"\b(?:title|headline|heading|name|wrapped|call)|brackets,? (?:such as|like|i\.e|e\.g|as in)")
SIX = re.compile(r"(?<!\*)\*{6}(?!\*)")
DIVIDED = re.compile(r"\b(?:separat|divid|between|part|split|delimit)")
POSTSCRIPT = re.compile(r"\bpost ?script\b|\bp\.\s?(?P<twice>p\.\s?)?s\b\.?|\bps\b")
TWICE = re.compile(r"\bp\.\s?p\.\s?s\b")
ADDED = re.compile(
    r"\b(?:(?:add|includ|append|need|finish|conclud|end|attach|with|put|insert|close)\w*"
    r"|(?:should|must|has to) (?:be|have|contain|carry|end))\b"
)


def forms_in(prompt: Prompt) -> Iterator[Asked]:
    """All demands of a prompt on the form of the whole answer."""
    low = prompt.low
    if "comma" in low and any(_is_without_commas(prompt, match) for match in COMMA.finditer(low)):
        yield "no_commas", {}
    yield from _cases(prompt)
    yield from _quotation(prompt)
    if "json" in low and any(_is_json(prompt, match) for match in JSON.finditer(low)):
        yield "is_json", {}
    yield from _signs(prompt)
    yield from _postscripts(prompt)


def _is_without_commas(prompt: Prompt, match: re.Match[str]) -> bool:
    if not asks(prompt, match.start(), match.end()):
        return False
    before, behind = prompt.before(match.start()), prompt.behind(match.end())
    near = SENTENCE_PARTED.split(before)[-1]
    if TOO_MANY.search(near) or OF_VALUES.search(near) or SOME_OF_THEM.match(behind):
        return False
    negated, removed = NEGATION.search(near), REMOVAL.search(near)
    if negated and removed and negated[0] not in ("avoid", removed[0]):
        return False
    return bool(match["free"] or negated or FORBIDDING.search(near) or FORBIDDEN.match(behind))


def _cases(prompt: Prompt) -> Iterator[Asked]:
    for match in CASE.finditer(prompt.low):
        asked = _case(prompt, match)
        if asked and asks(prompt, match.start(), match.end()):
            yield asked, {}
    for match in LETTERS.finditer(prompt.low) if "capitali" in prompt.low else ():
        if asks(prompt, match.start(), match.end()):
            yield ("lowercase" if match["none"] else "uppercase"), {}


def _case(prompt: Prompt, match: re.Match[str]) -> str | None:
    """Which case of all letters is asked for, if any is: by name, or by forbidding the other."""
    before, behind = prompt.before(match.start()), prompt.behind(match.end())
    same, other = ("lowercase", "uppercase") if match["small"] else ("uppercase", "lowercase")
    clause = clause_of(before)
    is_of_things = (
        OF_THINGS.search(clause)
        or OF_SOME.search(clause)
        or PLURAL.search(clause)
        or NOT_ALL.search(before + behind)
        or re.match(r" for\b(?! (?:your|everything|all|the (?:whole|entire|full)))", behind)
    )
    if is_of_things or (match[0] in ("small", "block", "capital") and not behind.startswith(" letter")):
        return None
    if not ALL.search(before) and (NONE_OF.search(clause) or FORBIDDEN.match(behind)):
        return other
    if DENIED.search(clause) or ALLOWED.search(clause) or SPOKEN_OF.match(behind) or HOW_TO.search(clause):
        return None
    is_whole = SCOPE.search(clause) or ONLY_BEHIND.match(behind) or re.search(r"\bin $", clause)
    return same if is_whole and (AIMED.search(before) or ALL.match(clause.strip() + " ")) else None


def _quotation(prompt: Prompt) -> Iterator[Asked]:
    for match in QUOTATION_MARKS.finditer(prompt.low) if "quot" in prompt.low or '" mark' in prompt.low else ():
        before, behind = prompt.before(match.start()), prompt.behind(match.end())
        sentence = f"{before}{behind}"
        is_so = OF_ALL.search(sentence) and WRAPPED.search(sentence) and not DENIED.search(clause_of(before))
        if is_so and asks(prompt, match.start(), match.end()):
            yield "quoted", {}


def _is_json(prompt: Prompt, match: re.Match[str]) -> bool:
    before, behind = prompt.before(match.start()), prompt.behind(match.end())
    if not asks(prompt, match.start(), match.end()) or SPOKEN_OF.match(behind) or OF_JSON.match(behind):
        return False
    if PROGRAM_BEFORE.search(prompt.low, 0, match.start()):
        return False
    clause = clause_of(before)
    if DENIED.search(clause) or ALLOWED.search(clause) or HOW_TO.search(clause):
        return False
    if match["lead"] == "in" and IN_IS.search(clause) and not re.search(r"\b(?:sure|ensure)\b", before):
        return False
    return match["lead"] not in ("a", "an", "one", "single", "valid") or bool(GIVEN.search(before))


def _signs(prompt: Prompt) -> Iterator[Asked]:
    """What is asked for by writing it down: a title in brackets, six asterisks between two answers."""
    if "<<" in prompt.low or "double" in prompt.low:
        for match in TITLED.finditer(prompt.low):
            if OF_TITLES.search(prompt.before(match.start()) + prompt.behind(match.end())):
                yield "titled", {}
    if "******" in prompt.low and SIX.search(prompt.low) and DIVIDED.search(prompt.low):
        yield "two_answers", {}


def _postscripts(prompt: Prompt) -> Iterator[Asked]:
    for match in POSTSCRIPT.finditer(prompt.low):
        before, behind = prompt.before(match.start()), prompt.behind(match.end())
        if match[0] == "ps" and prompt.text[match.start() : match.end()] != "PS":
            continue
        if ADDED.search(before) and not DENIED.search(before) and asks(prompt, match.start(), match.end()):
            twice = match["twice"] or TWICE.search(behind)
            yield "postscript", {"text": "P.P.S" if twice else "P.S."}
            return
