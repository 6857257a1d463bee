"""The language of what is asked, by its script and its commonest words; untold rather than wrong."""

import re
from collections import Counter
from collections.abc import Collection, Mapping

from schemas.languages import COMMON, UNKNOWN

MOST_FOREIGN = 0.3
"""Of a text's characters: formulas, names and quoted words are often in another script."""
KANA = re.compile(r"[\u3041-\u30ff]")
OTHER_SCRIPTS = re.compile(
    r"[\u0370-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
)
BLOCKS = (
    ("\u03ff", ("el",)),
    ("\u052f", ("ru", "uk", "bg")),
    ("\u05ff", ("he",)),
    ("\u06ff", ("ar", "fa", "ur")),
    ("\u097f", ("hi", "mr", "ne")),
    ("\u09ff", ("bn",)),
    ("\u0a7f", ("pa",)),
    ("\u0aff", ("gu",)),
    ("\u0b7f", ()),
    ("\u0bff", ("ta",)),
    ("\u0c7f", ("te",)),
    ("\u0cff", ("kn",)),
    ("\u0d7f", ("ml",)),
    ("\u0dff", ()),
    ("\u0e7f", ("th",)),
    ("\u30ff", ("ja",)),
    ("\u9fff", ("zh",)),
    ("\ud7af", ("ko",)),
)
"""The last character of each block of Unicode, and the languages that are written in it."""
OF_QUESTIONS = {
    "en": "what how my me do does where when who which why please need want could would i'm should there",
    "de": "was wie ich mir mein meine kann wo wann wer welche warum bitte brauche möchte gibt bei habe dir",
    "fr": "quelle quel comment où quand qui je mon ma mes peux voudrais combien pourquoi",
    "es": "qué cómo dónde cuándo cuál quién mi mis puedo quiero cuánto tengo necesito",
    "it": "cosa dove quando quale chi mio mia posso vorrei quanto perché ho",
    "pt": "qual onde quando quem meu minha posso quero quanto tenho preciso você",
    "ru": "где когда кто какой какая почему сколько мне мой можно",
    "uk": "коли хто який яка чому скільки мені мій можна",
    "bg": "къде кога кой какъв каква защо колко мога",
    "nl": "wat hoe mijn ik waar wanneer wie welke kan waarom",
}
"""Words that people ask with: answers, of which the other words are the commonest, have fewer."""


def _spoken() -> Mapping[str, tuple[str, ...]]:
    codes: dict[str, list[str]] = {}
    for code, words in COMMON.items():
        for word in {*words, *OF_QUESTIONS.get(code, "").split()}:
            codes.setdefault(word, []).append(code)
    return {word: tuple(found) for word, found in codes.items()}


SPOKEN = _spoken()
"""The languages of each word that tells any."""
OF_OTHER_SCRIPTS = frozenset(code for _, codes in BLOCKS for code in codes)
LATIN = frozenset(COMMON) - OF_OTHER_SCRIPTS


def language_of(text: str, words: Collection[str]) -> str:
    """The ISO 639-1 code of a text (in lower case) with these different words; ``und`` where two are as likely."""
    if not text.isascii() and len(others := OTHER_SCRIPTS.findall(text)) > MOST_FOREIGN * len(text):
        return _by_script(text, others, words)
    return _by_words(words, LATIN)


def _by_script(text: str, others: list[str], words: Collection[str]) -> str:
    """Most characters are of the block that the middle one of them is of."""
    if KANA.search(text):
        return "ja"
    middle = sorted(others)[len(others) // 2]
    codes = next(codes for last, codes in BLOCKS if middle <= last)
    return codes[0] if len(codes) == 1 else _by_words(words, codes)


def _by_words(words: Collection[str], among: Collection[str]) -> str:
    counts = Counter(code for word in words for code in SPOKEN.get(word, ()) if code in among)
    found = counts.most_common(2)
    is_told = len(found) == 1 or (len(found) > 1 and found[0][1] > found[1][1])
    return found[0][0] if is_told else UNKNOWN
