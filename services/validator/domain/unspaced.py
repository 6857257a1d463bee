"""Scripts that are written without spaces between their words."""

import re

UNSPACED = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af]"
)
"""Thai, Lao, Burmese, Hangul (whose particles are written on), Khmer, kana and Han: a word has no borders there."""
BEGINS, ENDS = re.compile(UNSPACED), re.compile(f"{UNSPACED}\\Z")
LETTER = rf"[^\W{UNSPACED[1:-1]}]"
"""A letter or a figure that borders would be asked of."""


def alone(word: str) -> str:
    """A pattern that finds a word, and not inside another. A sign, and what has no borders, is found anywhere."""
    before = rf"(?<!{LETTER})" if re.match(LETTER, word) else ""
    after = rf"(?!{LETTER})" if re.search(rf"{LETTER}\Z", word) else ""
    return f"{before}{re.escape(word)}{after}"
