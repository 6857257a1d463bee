"""Which words of an answer tell something: its own, and those that it chooses from the question.

A question that names what to choose from ("spam or ham?") holds the answer: there the words that both share with it say
the most. So two answers are one choice only where they take the same words of it, in one order, each denied or not.
"""

import re
from collections.abc import Collection, Sequence

WORD = re.compile(r"\w+")
NEGATION = re.compile(r"\b(?:not|no|never|none|nor|neither|without|cannot|nicht|kein\w*|ne|pas|ni)\b|n['\u2019]t\b")
DENIED = "not"
# Words that carry no answer.
FILLER = frozenset(
    "a an the is are was were be been of to in on at by for with and or as it its this that these those there here "
    "i you we they he she my your our their do does did has have had will would can could should may so then thus "
    "answer question please sure final".split()
)
JUDGING = frozenset(
    "yes no true false right wrong correct incorrect valid invalid positive negative good bad safe unsafe legal "
    "illegal possible impossible always increase decrease rise fall more less high low before after accept reject "
    "approve deny allow forbid".split()
)
LISTED = re.compile(r"[,;:/\n\"()\u201c\u201d]|\b(?:or|and|versus|vs|oder|und|ou|et|o|y|e)\b")
"""What names something to choose from; a question without it can be restated in an answer."""
ENDING = re.compile(r"(?:ing|ed|es|e|s|d)\Z")
SHORTEST_STEM = 4


def words_of(text: str) -> list[str]:
    """All of them, in order."""
    return WORD.findall(text)


def denies(text: str) -> bool:
    """Whether anything is denied in it."""
    return bool(NEGATION.search(text))


def own_words(first: str, second: str, asked: str) -> tuple[list[str], list[str]]:
    """Of two texts, what tells and is not the question's; all that tells where one has nothing of its own."""
    options = _options(asked)
    told = [_telling(text, options) for text in (first, second)]
    known = frozenset(words_of(asked))
    one, other = ([word for word in words if word not in known] for words in told)
    return (one, other) if one and other else (told[0], told[1])


def is_same_choice(first: str, second: str, asked: str) -> bool:
    """Whether both take the same words of the question; or one restates more of a question that names no options."""
    options, known = _options(asked), frozenset(map(_stem, set(words_of(asked)))) | TURNING
    one, other = (_chosen(text, known, options) for text in (first, second))
    return one == other or (not LISTED.search(asked.strip()) and _restates(*sorted((one, other), key=len)))


def _chosen(text: str, known: Collection[str], options: Collection[str]) -> Sequence[tuple[str, bool]]:
    """The question's words in the order in which they first stand there, and whether each was denied."""
    found, is_denied = dict[tuple[str, bool], None](), False
    for word in words_of(NEGATION.sub(f" {DENIED} ", text)):
        if word == DENIED:
            is_denied = True
        elif (stem := _stem(word)) in known and (word in options or word not in FILLER):
            found[stem, is_denied], is_denied = None, False
    return tuple(found)


def _restates(less: Sequence[tuple[str, bool]], more: Sequence[tuple[str, bool]]) -> bool:
    """Whether what one says besides, in the same order, neither denies nor turns anything."""
    besides = [each for each in more if each not in less]
    is_in_order = [each for each in more if each in less] == [*less]
    return is_in_order and not any(is_denied or stem in TURNING for stem, is_denied in besides)


def _telling(text: str, options: Collection[str]) -> list[str]:
    return [word for word in words_of(text) if word in options or word not in FILLER]


def _options(asked: str) -> frozenset[str]:
    """The words beside an "or": there even a filler is an answer ("in or on?")."""
    words = words_of(asked)
    places = [place for place, word in enumerate(words) if word == "or"]
    return frozenset(word for place in places for word in (*words[max(0, place - 1) : place], *words[place + 1 :][:1]))


def _stem(word: str) -> str:
    """An "approved" answers an "approve": without its ending, where enough is left."""
    stem = ENDING.sub("", word)
    return stem if len(stem) >= SHORTEST_STEM else word


TURNING = frozenset(map(_stem, JUDGING))
"""They turn an answer round, whether the question holds them or not."""
