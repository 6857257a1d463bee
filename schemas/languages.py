"""The languages that an answer can be held to: ISO 639-1 codes, and their names in English."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "ar": "Arabic",
        "bg": "Bulgarian",
        "bn": "Bengali",
        "cs": "Czech",
        "da": "Danish",
        "de": "German",
        "el": "Greek",
        "en": "English",
        "es": "Spanish",
        "fa": "Persian",
        "fi": "Finnish",
        "fr": "French",
        "gu": "Gujarati",
        "he": "Hebrew",
        "hi": "Hindi",
        "hu": "Hungarian",
        "id": "Indonesian",
        "it": "Italian",
        "ja": "Japanese",
        "kn": "Kannada",
        "ko": "Korean",
        "ml": "Malayalam",
        "mr": "Marathi",
        "ne": "Nepali",
        "nl": "Dutch",
        "no": "Norwegian",
        "pa": "Punjabi",
        "pl": "Polish",
        "pt": "Portuguese",
        "ro": "Romanian",
        "ru": "Russian",
        "sv": "Swedish",
        "sw": "Swahili",
        "ta": "Tamil",
        "te": "Telugu",
        "th": "Thai",
        "tr": "Turkish",
        "uk": "Ukrainian",
        "ur": "Urdu",
        "vi": "Vietnamese",
        "zh": "Chinese",
    }
)
CODES: Mapping[str, str] = MappingProxyType({name.lower(): code for code, name in LANGUAGES.items()})


def code_of(told: str) -> str:
    """The code of a language that is told by its code or its name. Raises ``ValueError`` with the nearest of these."""
    word = told.strip().lower()
    if word in LANGUAGES:
        return word
    if word in CODES:
        return CODES[word]
    near = get_close_matches(word, [*CODES, *LANGUAGES], n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(LANGUAGES)}"
    raise ValueError(f"no language that can be told from others: {hint}")
