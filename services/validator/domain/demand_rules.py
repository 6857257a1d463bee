"""What a program can check of a text's form: the family of demands of IFEval (J. Zhou et al., arXiv:2311.07911).

Each rule takes a text and its settings, and says what is wrong; ``None`` when nothing is. Its time is in proportion to
the text, which is a model's.
"""

import json
import re

from schemas.check_settings import Counted, CountedText, Nothing, NthParagraph, Separated, Text, Texts
from services.validator.domain.unspaced import alone

WORD = re.compile(r"\w+")
WHOLE_WORD = re.compile(r"\w+(?:[-'\u2019]\w+)*")
SENTENCE_END = re.compile(r"(?<![A-Z.!?\u2026])[.!?\u2026]+[\"'\u201d\u2019)\]*_]*(?:\s+|$)")
IN_A_TITLE = re.compile(r"[^\s<>]")
HIGHLIGHTED = (re.compile(r"\*[^\n*]*\*"), re.compile(r"\*\*[^\n*]*\*\*"))
BULLETS = (re.compile(r"^[^\S\n]*\*[^*].*$", re.MULTILINE), re.compile(r"^[^\S\n]*-.*$", re.MULTILINE))
PLACEHOLDER = re.compile(r"\[[^\[\]\n]*\]")
FENCE = re.compile(r"^```(?:json)?|```$", re.IGNORECASE)
BLANK_LINE = re.compile(r"\n\n")
TWO_ANSWERS = "******"


def words(text: str, asked: Counted) -> str | None:
    """How many words there are."""
    return asked.against(len(WORD.findall(text)), "words")


def sentences(text: str, asked: Counted) -> str | None:
    """How many sentences there are, by their ends."""
    return asked.against(len([part for part in SENTENCE_END.split(text) if part.strip()]), "sentences")


def paragraphs(text: str, asked: Separated) -> str | None:
    """How many paragraphs there are between separators; none but the first and the last may be empty."""
    parts = text.split(asked.separator)
    if any(not part.strip() for part in parts[1:-1]):
        return f"a paragraph between two {asked.separator} is empty"
    return asked.against(len([part for part in parts if part.strip()]), f"paragraphs divided by {asked.separator}")


def sections(text: str, asked: Separated) -> str | None:
    """How many numbered sections there are: their word, and a number after it."""
    found = re.findall(re.escape(asked.separator) + r"\s?\d+", text)
    return asked.against(len(found), f"sections that begin with {asked.separator} and a number")


def bullets(text: str, asked: Counted) -> str | None:
    """How many bullet points there are, by * or -."""
    return asked.against(sum(len(pattern.findall(text)) for pattern in BULLETS), "bullet points")


def highlights(text: str, asked: Counted) -> str | None:
    """How many highlighted parts there are, such as *this*."""
    found = [part for pattern in HIGHLIGHTED for part in pattern.findall(text) if part.strip("* \t")]
    return asked.against(len(found), "parts highlighted as *this*")


def placeholders(text: str, asked: Counted) -> str | None:
    """How many placeholders in square brackets there are."""
    return asked.against(len(PLACEHOLDER.findall(text)), "placeholders such as [name]")


def capital_words(text: str, asked: Counted) -> str | None:
    """How many words are in capital letters."""
    return asked.against(sum(word.isupper() for word in WHOLE_WORD.findall(text)), "words in capital letters")


def occurrences(text: str, asked: CountedText) -> str | None:
    """How often a word or a letter occurs, whatever its case."""
    return asked.against(text.lower().count(asked.text.lower()), f"times {asked.text!r}")


def has_texts(text: str, asked: Texts) -> str | None:
    """Whether all of these occur, whatever their case."""
    absent = [one for one in asked.texts if one.lower() not in text.lower()]
    return f"it lacks {', '.join(map(repr, absent))}" if absent else None


def lacks_words(text: str, asked: Texts) -> str | None:
    """Whether none of these words occurs, whatever its case."""
    there = [one for one in asked.texts if re.search(alone(one), text, re.IGNORECASE)]
    return f"it has {', '.join(map(repr, there))}, which is forbidden" if there else None


def no_commas(text: str, asked: Nothing) -> str | None:
    """No comma anywhere."""
    return "it has a comma" if "," in text else None


def lowercase(text: str, asked: Nothing) -> str | None:
    """All letters small."""
    return None if text.islower() else "it has capital letters"


def uppercase(text: str, asked: Nothing) -> str | None:
    """All letters capital."""
    return None if text.isupper() else "it has small letters"


def titled(text: str, asked: Nothing) -> str | None:
    """A title in double angular brackets, on one line: between its first ``<<`` and its last ``>>``."""
    inside = (line.partition("<<")[2].rpartition(">>")[0] for line in text.split("\n"))
    return None if any(map(IN_A_TITLE.search, inside)) else "it has no title such as <<this>>"


def quoted(text: str, asked: Nothing) -> str | None:
    """The whole in double quotation marks."""
    bare = text.strip()
    is_quoted = len(bare) > 1 and bare.startswith('"') and bare.endswith('"')
    return None if is_quoted else "it is not wrapped in double quotation marks"


def is_json(text: str, asked: Nothing) -> str | None:
    """The whole is JSON, with or without a fence."""
    try:
        json.loads(FENCE.sub("", text.strip()).strip())
    except (ValueError, RecursionError):
        return "it is not JSON"
    return None


def two_answers(text: str, asked: Nothing) -> str | None:
    """Two different answers, six asterisks between them."""
    parts = text.split(TWO_ANSWERS)
    found = [part.strip() for part in parts if part.strip()]
    if any(not part.strip() for part in parts[1:-1]) or len(found) != 2 or found[0] == found[1]:
        return f"it is not two different answers divided by {TWO_ANSWERS}"
    return None


def postscript(text: str, asked: Text) -> str | None:
    """A postscript, such as P.S. or P.P.S, whatever its spaces."""
    marker = r"\.\s?".join(re.escape(letter) for letter in asked.text.lower().replace(".", ""))
    return None if re.search(marker, text.lower()) else f"it has no postscript that begins with {asked.text}"


def starts_with(text: str, asked: Text) -> str | None:
    """How it begins, whatever its case."""
    is_so = text.strip().lower().startswith(asked.text.strip().lower())
    return None if is_so else "it does not begin with the text that is asked for"


def ends_with(text: str, asked: Text) -> str | None:
    """How it ends, whatever its case; a closing quotation mark may follow."""
    is_so = text.strip().strip('"').lower().endswith(asked.text.strip().lower())
    return None if is_so else "it does not end with the phrase that is asked for"


def one_of(text: str, asked: Texts) -> str | None:
    """Whether one of these answers is in it, to the letter."""
    return None if any(one in text for one in asked.texts) else f"it holds none of {', '.join(map(repr, asked.texts))}"


def nth_paragraph(text: str, asked: NthParagraph) -> str | None:
    """With which word a paragraph begins."""
    parts = BLANK_LINE.split(text)
    full = [part for part in parts if part.strip()]
    wrong = Counted(exactly=asked.out_of).against(len(full), "paragraphs")
    if wrong or asked.number > len(parts):
        return wrong or f"it has no paragraph {asked.number}"
    first = WHOLE_WORD.search(parts[asked.number - 1])
    is_so = first is not None and first[0].lower() == asked.word.lower()
    return None if is_so else f"paragraph {asked.number} does not begin with {asked.word!r}"
