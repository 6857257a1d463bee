"""A prompt as the finders of demands read it, and whether a phrase in it asks something of the answer.

The same words stand in quotations, questions, conditions, reports, and in what is said of another text or of a program:
there they ask nothing. What is doubtful counts as nothing, since a demand that was never made turns good answers away.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

QUOTATION = re.compile(
    r"\"[^\"]{1,1000}\"|\u00ab[^\u00ab\u00bb]{1,1000}\u00bb|\u201e[^\u201e\"]{1,1000}\"|`[^`]{1,1000}`"
    r"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,400}'(?!\w)"
)
QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2019": "'", "\u2018": "'"})
SINGLY_QUOTED = re.compile(r"(?<!\w)'([^'\"\n]{1,60})'(?!\w)")
SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
FARTHEST = 200
"""Characters before and behind a phrase that are read for its sentence."""
BEGINS = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bmax)(?<!\bmin)[.!?][\")]?\s+|\n\s*(?:[-*\u2022]|\d{1,2}[.)])?\s*"
)
ENDS = re.compile(r"[.!?](?=\s|\Z|\")|\n")
PARTED = re.compile(r"[.,;:!?\n()]|\b(?:and|but|then)\b")
ANSWER = (
    r"(?:response|answer|reply|output|text|essay|letter|email|message|article|story|poem|post|speech|song|content"
    r"|writing|document|report|result|summary|description|review|paper|piece|script|ad|blog|rap|note|work)"
)
OUR_OWN = re.compile(rf"\b(?:your|whole|entire|full|final|expected|desired|required) (?:\w+ )?{ANSWER}(?: \w+)?\W*\Z")
CONDITION = re.compile(
    r"\b(?:if|whether|unless|when|whenever)\b"
    r"(?! (?:you (?:can|could|would|like|please|want|write|answer|respond|reply)|possible|it comes to"
    r"|(?:writing|responding|answering|replying)))"
)
REPORTED = re.compile(
    r"\b(?:said|says|told|tells|asked \w+|given that|suppose|assum(?:e|ing)|asks|claims|claimed|insists|insisted"
    r"|complain(?:s|ed)|thinks|according to"
    r"|(?:rule|law|policy|reason|fact|idea) that)\b|\brule:"
)
OPTIONAL = re.compile(
    r"\b(?:(?:not|never|\w+n't) (?:have|need|expected|required) to|not expected|need not|needn't|no need|why not"
    r"|optional(?:ly)?|(?<!if )you (?:may|can|could)(?!'|not| (?:not|only|use (?:only|at most|up to|no more))\b)"
    r"|(?:it is|it's) (?:fine|ok|okay) to)\b"
)
WONDERS = re.compile(
    r"\W*(?:(?:so|but|and|also|then|ok|hi|hello|hey|well|in \w+|please) ?,? )?"
    r"(?:how|why|when|where|which|who|whose|what|(?:in|to|at|for|from|with|by) (?:what|which|whose)|is|are|was"
    r"|were|do|does|did|has|have|had|should|must|may|might"
    r"|(?:can|could|will|would)(?! you\b| i (?:get|have|ask)\b| someone\b))\b"
)
ABOUT_FORM = re.compile(
    r"\W*(?:(?:in|to|at|for|from|with|by) (?:what|which|whose)\b|how (?:do|does|did|can|could|should|would|to|is"
    r"|are|many|much|often|come)\b"
    r"|why (?:do|does|did|should|must|would|are there|is there|not|use|\w+ing\b)"
    r"|what(?:'s| is| are) the (?:differen|advantage|use|point|benefit|reason)|which \w+ |who \w+(?:ed|s)? "
    r"|is |are |was |were |do |does |did |has |have |had |should |must |may |might |can |could |will |would )"
)
HUNG_ON = re.compile(
    r"(?:,|\(|\A|:|\s-|\u2014) ?(?:please )?(?:but )?(?:in|using|with|without|use|max\S*|min\S*)?\s*\Z"
)
WITHIN = re.compile(r"\b(?:in|using|within)\s*\Z")
PROGRAM = re.compile(
    r"\b(?:functions?|programs?|regex(?:es)?|regexp|parsers?|linters?|validators?|quer(?:y|ies)|macros?"
    r"|compilers?|commands?|routes?|endpoints?|schemas?|(?:python|bash|shell|sql|java|perl) scripts?"
    r"|scripts?(?= (?:that|which|to)\b)"
    r"|code|apps?|bots?|forms?|rules?|checks?|tests?|classifiers?|files?|spreadsheets?)\b"
    r"[^.!?\n]*\b(?:that|which|to|whose|where|reads?|prints?|returns?|rejects?)\b"
)
THINGS = (
    r"(?:variables?|identifiers?|passwords?|user ?names?|file ?names?|names?|sql|keywords|headings?|headers?|columns?"
    r"|keys?|values?|fields?|titles?|captions?|labels?|strings?|constants?|functions?|classes|tags?"
    r"|cells?|rows?)"
)
OF_THINGS = re.compile(rf"\b{THINGS}(?: (?:name|names))?\b[^.!?\n,;]*\Z")
STATED = re.compile(
    r"\b(?:was|were|had|wrote|spoke|sent|gave|(?<!be )(?<!is )(?<!are )used|contained|appeared|occurred|ended"
    r"|began|started|replied|answered"
    r"|said|knew|held|forgot|lacked|lost)(?: (?:\w+ ){0,5}(?:of|with|in|than|from|the)?)?\s*\Z"
)
STATES = re.compile(
    r"\b(?:(?:is|are) (?:\w+ )?(?:written|put|stored|printed|set|typed|sent|spelt|spelled)(?: in)?|has|have"
    r"|contains?|includes?|is|are|runs?|knows?|speaks?|uses?|writes?|ends?|begins?|starts?|answers?"
    r"|returns?"
    r"|appears?|occurs?|replies|says?|lacks?|does not \w+|doesn't \w+|do not \w+|don't \w+|never \w+|wrote"
    r"|already \w+)(?: worth)?"
    r"(?: (?:only|just|also|already|now|all|a|an|the|any|no|to))*\s*\Z"
)
SUBJECT = re.compile(
    r"\W*(?:(?:in|on|of|at|for|during|after|before|under|by) )?(?:my|his|her|their|our|these|those|i|he|she|they"
    r"|we|people|some|many|most|each|every|all"
    r"|one|someone|a|an|the|this|that|there|who|whose|which|[a-z]+s)\b"
)
LINKED = re.compile(r"[,;:] |\b(?:because|since|as|though|although|while|why|how)\b|\b(?:explain|know|say) that\b")
"""What parts a clause from the bidding before it."""
BIDS = re.compile(
    r"\b(?:(?:must|should|shall|need)(?:n't)?|may not|may(?=\s*\Z)|can(?:not|'t)|ought|needs?|has to|have to"
    r"|had better"
    r"|required?|make sure|be sure|ensure|see that|want"
    r"|would like|'d like|wish|expect|please|you could|(?:could|can|would|will) you|let|write|give|create"
    r"|compose|(?<!my )(?<!the )(?<!a )draft|provide|include|answer (?:with|in)"
    r"|looking for|explain|describe|use|add|generate|make|tell|produce|design|(?:you|it|answer|response"
    r"|reply) will)\b"
)
OTHERS = re.compile(r"\W*(?:i|my|his|her|their|he|she|they|we|some|many|most|people)\b")
SPOKEN_OF_IT = re.compile(
    r"\b(?:it's|it is|it has no|that's|they are|they're|which is)(?: (?:now|already|currently))?\s*\Z"
)
ENSURED = re.compile(r"\b(?:sure|ensure|check|see that|so that)\b")
EXPLAINED = re.compile(
    r"\b(?:explain|describe|tell me|know|understand|wonder|discuss|remember)\b[^.,;]*\b(?:why|that|whether|what)\b"
    r"|\babout (?:the|an?|some) (?:\w+ )?\w+ (?:that|which|who|whose|where)\b"
)
PREPOSED = re.compile(r"(?:\b(?:in|using|with|within|without)(?: (?:using|any|the use of))*|[,:(-])\s*\Z")
ASKS_YOU = re.compile(r"\b(?:please|you|your|write|give|let|make|help)\b")
THEIRS = re.compile(
    r"\W*(?:(?:my|our|his|her|their) [^.!?\n]*\b(?:must|should|shall|will|has to|have to|needs? to)\b"
    r"|i (?:have to|must|need to|should|was (?:asked|told) to)\b)"
)
PERSON = re.compile(r"\bwho(?:se|m)?(?: \w+){1,3}\s*\Z")


@dataclass(frozen=True, slots=True)
class Prompt:
    """``told`` as it came; ``text`` with straight quotation marks; ``low``: the same in small letters of ASCII.

    All three are equally long. ``quoted``: from where to where it quotes. ``cut``: whether its middle is not there.
    """

    told: str
    text: str
    low: str
    quoted: Sequence[tuple[int, int]]
    cut: bool = False

    @classmethod
    def of(cls, told: str, *, cut: bool = False) -> "Prompt":
        """Read the words of a prompt; single quotation marks around few words count as double ones."""
        straight = told.translate(QUOTES)
        quoted = [found.span() for found in QUOTATION.finditer(straight)]
        text = SINGLY_QUOTED.sub(r'"\1"', straight)
        return cls(told, text, text.translate(SMALL), quoted, cut)

    def before(self, place: int) -> str:
        """What stands before a place in its own sentence, in small letters."""
        return BEGINS.split(self.low[max(0, place - FARTHEST) : place])[-1]

    def behind(self, place: int) -> str:
        """What stands behind a place in its own sentence, in small letters, with the stop that ends it."""
        rest = self.low[place : place + FARTHEST]
        end = ENDS.search(rest)
        return rest[: end.end()] if end else rest


def clause_of(before: str) -> str:
    """What stands before a phrase in its own clause, of what stands before it in its sentence."""
    return PARTED.split(before)[-1]


def asks(prompt: Prompt, start: int, end: int) -> bool:
    """Whether the phrase from ``start`` to ``end`` asks something of the answer."""
    if any(first < start < last for first, last in prompt.quoted):
        return False
    before = prompt.before(start)
    if CONDITION.search(before) or REPORTED.search(before) or OPTIONAL.search(before):
        return False
    if EXPLAINED.search(clause_of(before)) and not PREPOSED.search(before):
        return False
    return not (_wonders(before, prompt.behind(end)) or PROGRAM.search(before) or is_stated(before))


def _wonders(before: str, behind: str) -> bool:
    """Whether its sentence is a question in which it is what is asked about, not how to answer."""
    if not behind.endswith("?") or "?" in behind[:-1] or not WONDERS.match(before):
        return False
    if HUNG_ON.search(before):
        return False
    return bool(ABOUT_FORM.match(before)) or not WITHIN.search(before)


def is_unbidden(before: str) -> bool:
    """Whether its sentence speaks of somebody or something else, and bids nothing."""
    return bool(SUBJECT.match(before)) and not BIDS.search(before) and not OUR_OWN.search(before)


def is_stated(before: str) -> bool:
    """Whether it is said of something that is there: ``my essay has``, ``a man who spoke``, ``the letter had``."""
    if THEIRS.match(before) and not ASKS_YOU.search(before):
        return True
    if PERSON.search(before) or STATED.search(before) or (OTHERS.match(before) and not BIDS.search(before)):
        return True
    if SPOKEN_OF_IT.search(before) and not ENSURED.search(before):
        return True
    if OUR_OWN.search(before):
        return False
    said = STATES.search(before)
    if said is None:
        return False
    subject = LINKED.split(before[: said.start()])[-1]
    return bool(SUBJECT.match(subject)) and not BIDS.search(subject) and not OUR_OWN.search(subject)
