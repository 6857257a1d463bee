"""The data class of a request: what its client declares, raised by what its text holds, never lowered."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from schemas.request import RequestSubmitted
from schemas.sensitive import Kind, find
from schemas.vocabulary import DataClass
from services.profiler.domain.known_texts import Kinds, kinds_in
from services.profiler.domain.told import seams_told, texts_told

RISING = tuple(DataClass)
"""The classes, the least sensitive first."""

UNREAD = "unread"
"""Told among the kinds of a request that is too long to be looked through whole: nobody knows what the rest holds."""
MOST_LOOKED_AT = 4_000_000
"""Characters: a million tokens, more than nearly all models read, and seconds to look through."""

LEAST = {
    Kind.EMAIL: DataClass.INTERNAL,
    Kind.PHONE: DataClass.INTERNAL,
    Kind.IP_ADDRESS: DataClass.INTERNAL,
    Kind.CARD: DataClass.CONFIDENTIAL,
    Kind.IBAN: DataClass.CONFIDENTIAL,
    Kind.NATIONAL_ID: DataClass.CONFIDENTIAL,
    Kind.SECRET: DataClass.CONFIDENTIAL,
    UNREAD: DataClass.CONFIDENTIAL,
}
"""The least class of a text that holds a kind. None is restricted: that is for people to say."""

LookThrough = Callable[[Sequence[str]], Kinds]
"""Every kind that any of these texts holds. May raise :class:`schemas.reaction.NotYet`."""


def sensitive_kinds(asked: RequestSubmitted, look_through: LookThrough = kinds_in) -> tuple[str, ...]:
    """The kinds that all that a model is given to read holds, in the order of ``Kind``; ``UNREAD`` behind them."""
    texts = list(texts_told(asked))
    is_too_long = sum(map(len, texts)) > MOST_LOOKED_AT
    found = look_through(list(_ends(texts)) if is_too_long else texts) | _over_seams(asked)
    kinds = tuple(kind for kind in Kind if kind in found) if found else ()
    return (*kinds, UNREAD) if is_too_long else kinds


def raised(declared: DataClass, kinds: Iterable[str]) -> DataClass:
    """The declared class, or the least that every kind found may have."""
    return max((declared, *(LEAST[kind] for kind in kinds)), key=RISING.index)


def _over_seams(asked: RequestSubmitted) -> Kinds:
    """The kinds of values that begin in one part of a message and end in the next."""
    seams = seams_told(asked)
    return frozenset(found.kind for text, end in seams for found in find(text) if found.start < end < found.end)


def _ends(texts: Sequence[str]) -> Iterator[str]:
    """Beginning and end of what may be looked at, the first texts first."""
    left = MOST_LOOKED_AT
    for text in texts:
        half = left // 2
        yield from (text,) if len(text) <= left else (text[: left - half], text[len(text) - half :])
        left = max(0, left - len(text))
