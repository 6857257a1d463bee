"""Which language a text is in: by its script and, where several share one, by their commonest words. Pure.

A language that others are nearly as likely as is not told: to misread one would be to reject a good answer.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.check_settings import InLanguage
from schemas.languages import COMMON, LANGUAGES
from services.validator.domain.arithmetic import NothingToCheck
from services.validator.domain.message import ends_of

LOOKED_AT = 4_000
"""Characters at either end of a text."""
FEW_LETTERS, FEW_COMMON = 8, 3
"""Fewer letters tell no language, and fewer different common words do not tell that a text is in another one."""
TOO_FEW = "there are too few common words to tell a language by"
FEW_HAN, LEAST_KANA = 40, 0.1
"""Fewer Han characters with hardly any kana, as names and addresses have, may be Japanese as well as Chinese."""
MOST_FOREIGN = 0.4
"""Of a text's letters: names and quoted words are often in another script."""
LEAST_COMMON = 0.06
"""Of a text's words, that are the language's commonest: a text of any length has more."""
CLEARLY = 1.5
"""Another language must have so many times the common words before a text is told not to be in this one."""

LATIN, CYRILLIC, ARABIC, DEVANAGARI, HAN, KANA = "latin", "cyrillic", "arabic", "devanagari", "han", "kana"
SCRIPTS: Sequence[tuple[str, re.Pattern[str]]] = (
    (LATIN, re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
    (CYRILLIC, re.compile(r"[\u0400-\u04ff]")),
    (ARABIC, re.compile(r"[\u0600-\u06ff]")),
    (DEVANAGARI, re.compile(r"[\u0900-\u0963\u0966-\u097f]")),
    (KANA, re.compile(r"[\u3041-\u30ff]")),
    (HAN, re.compile(r"[\u4e00-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("pa", re.compile(r"[\u0a00-\u0a7f]")),
    ("gu", re.compile(r"[\u0a80-\u0aff]")),
    ("ta", re.compile(r"[\u0b80-\u0bff]")),
    ("te", re.compile(r"[\u0c00-\u0c7f]")),
    ("kn", re.compile(r"[\u0c80-\u0cff]")),
    ("ml", re.compile(r"[\u0d00-\u0d7f]")),
)
SCRIPTS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("ru", "uk", "bg"), (CYRILLIC,)),
        **dict.fromkeys(("ar", "fa", "ur"), (ARABIC,)),
        **dict.fromkeys(("hi", "mr", "ne"), (DEVANAGARI,)),
        **{script: (script,) for script, _ in SCRIPTS if script in LANGUAGES},
        "ja": (KANA, HAN),
        "zh": (HAN,),
    }
)
"""Of the languages that are not written in Latin letters."""

# A word ends at a space or a sign: the vowel signs of Indic scripts are no word characters to `\w`.
WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~\u2010-\u2027\u00a1-\u00bf\u0964\u0965\u060c\u061b\u061f\u200c]+")
MARKED = re.compile(r"`[^`\n]{0,80}`|\[[^\[\]\n]{0,80}\]|https?://\S{1,200}")
"""Code, placeholders and addresses are in no language."""
BLOCK = re.compile(r"```[\s\S]*?(?:```|\Z)")
"""Of code, closed or cut off."""


def in_language(text: str, asked: InLanguage) -> str | None:
    """Whether a text is in a language. Raises :class:`NothingToCheck` where it is too short, or too alike to others."""
    text = MARKED.sub(" ", ends_of(BLOCK.sub(" ", text), LOOKED_AT)).lower()
    letters = _letters(text)
    of_all = letters.total()
    if of_all < FEW_LETTERS:
        raise NothingToCheck("there are too few letters to tell a language by")
    own = sum(letters[script] for script in SCRIPTS_OF.get(asked.value, (LATIN,)))
    if own < (1 - MOST_FOREIGN) * of_all or _is_without_kana(asked.value, letters):
        return f"it is not in {LANGUAGES[asked.value]}, by the script that most of it is in"
    return _by_words(text, asked.value)


def _letters(text: str) -> Counter[str]:
    scripts = SCRIPTS[:1] if text.isascii() else SCRIPTS
    return Counter({script: len(pattern.findall(text)) for script, pattern in scripts})


def _is_without_kana(code: str, letters: Mapping[str, int]) -> bool:
    """Whether Han characters alone make a text no Japanese, or kana among them no Chinese. Raises where few tell."""
    kana = letters[KANA] / max(1, letters[HAN] + letters[KANA])
    if code == "ja" and kana < LEAST_KANA and letters[HAN] < FEW_HAN:
        raise NothingToCheck("it may be Chinese or Japanese, with too few characters to tell by")
    return (code == "ja" and kana < LEAST_KANA) or (code == "zh" and kana > MOST_FOREIGN)


def _by_words(text: str, code: str) -> str | None:
    if code not in COMMON:
        return None
    words = [word for word in WORD.findall(text) if len(word) > 1]
    rivals = [other for other in COMMON if other != code and SCRIPTS_OF.get(other) == SCRIPTS_OF.get(code)]
    own, (theirs, other) = _common(words, code), max((_common(words, other), other) for other in rivals)
    if max(own, theirs) < max(1, LEAST_COMMON * len(words)):
        raise NothingToCheck(TOO_FEW)
    if own > theirs:
        return None
    if theirs <= CLEARLY * own or len(COMMON[other].intersection(words)) < FEW_COMMON:
        raise NothingToCheck(f"it may be {LANGUAGES[other]} or {LANGUAGES[code]}, by its commonest words")
    return f"it is not in {LANGUAGES[code]}, by its commonest words, which are those of {LANGUAGES[other]}"


def _common(words: Sequence[str], code: str) -> int:
    return sum(word in COMMON[code] for word in words)
