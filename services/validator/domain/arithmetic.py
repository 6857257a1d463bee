"""Sums that an answer writes out (``3 x $4.50 = $13.50``), worked out again, exactly.

Only what is plainly a sum is judged: numbers and signs before an equals sign, one number after it. Brackets,
percentages, units and words make it something else, which is passed over: to misread a sum would be to reject a good
answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from schemas.fact import Fact

NUMBER = r"-?(?:\\?[$€£])?-?(?>\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?>(?:\.\d{1,10}+)?)"
SIGN = r"\s{0,2}(?:[-+*/x\u00d7\u00f7\u2212]|\\times|\\div|\\cdot)\s{0,2}"
# Counted repetitions that are never tried again keep the time in proportion to the text, which is a model's. They are
# atomic groups: possessive repetitions of a group (`{1,12}+`) match what is not there in Python 3.11.0 to 3.11.4.
SUM = re.compile(rf"(?<![\w.,])({NUMBER}(?>(?:{SIGN}{NUMBER}){{1,12}}))\s{{0,2}}=\s{{0,2}}({NUMBER})(?![\w%^])")
TERM = re.compile(rf"({NUMBER})({SIGN})?")
# What makes the first number only the end of a longer sum, or the last one only its beginning.
# "9:15" is a time.
GOES_ON_BEFORE = re.compile(
    r"(?:(?:[-+*/^%)}\u00d7\u00f7\u2212$€£\u221a-\u221c]|\\[a-z]{1,8}"
    r"|\b(?:x|of|times|plus|minus|by|less|over|mod|sqrt|root|log|ln|sin|cos|tan|half|twice))\s{0,3}"
    r"|\d:)\Z",
    re.IGNORECASE,
)
GOES_ON_AFTER = re.compile(
    r"[.,:]?\d|\s{0,3}(?:[-+*/x\u00d7\u00f7\u2212]\s{0,3}(?:[\d($\\]|[a-z]\b)|\\(?:times|div|cdot|frac)|[rR]\b|remainder|\()"
)
BULLET = re.compile(r"(?:^|\n)\s{0,8}[-*+]\s{1,3}$")
LOOK_BACK = 16
# "2 1/2" and "1 500" are one number each.
SPACE = "[ \u00a0\u2009\u202f]"
ENDS_SPACED = re.compile(rf"(?<![\w.,])\d{{1,3}}{SPACE}\Z")
BEGINS_SPACED = re.compile(r"\d{1,4}/\d|\d{3}(?!\d)")
GOES_ON_SPACED = re.compile(
    rf"{SPACE}\d{{1,4}}/\d|(?:(?<=[^\d.,]\d)|(?<=[^\d.,]\d\d)|(?<=[^\d.,]\d{{3}})){SPACE}\d{{3}}(?!\d)"
)
THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2})\.(?=\d{3}(?!\d))")
"""What may be a decimal point in English, and parts thousands in other languages."""
PARTS_THOUSANDS = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3}){2,4}(?!\.?\d)|(?<![\d.,(\[])\d{1,3}(?:\.\d{3}){0,4},\d{1,2}(?![\d,])"
)
"""A number that shows how its text parts thousands: one with two such points, or with a decimal comma."""
LONGEST = 4_000
"""Characters. A text made of nothing but signs takes 2 microseconds for each, and nothing can interrupt that."""
SIGNS = {"\u00d7": "*", "x": "*", "\\times": "*", "\\cdot": "*", "\u00f7": "/", "\\div": "/", "\u2212": "-"}
DROPPED = str.maketrans("", "", ",$€£\\")


class NothingToCheck(Exception):
    """The text holds nothing that this check can judge."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What a written sum says it comes to (with how many decimals), and what it comes to."""

    said: Fraction
    decimals: int
    value: Fraction

    @property
    def is_right(self) -> bool:
        """Exact, or, where the value has more decimals than are written, rounded or cut to those."""
        unit = Fraction(1, 10**self.decimals)
        if self.value % unit == 0:
            return self.said == self.value
        return abs(self.said - self.value) < unit


def arithmetic(text: str, _: Fact) -> str | None:
    """Which sum is wrong, by its number. Raises :class:`NothingToCheck` without any, or for a long text."""
    if len(text) > LONGEST:
        raise NothingToCheck(f"sums are worked out in answers of at most {LONGEST} characters")
    sums = list(sums_in(text))
    if not sums:
        raise NothingToCheck("the answer writes out no sum")
    wrong = [number for number, each in enumerate(sums, 1) if not each.is_right]
    if not wrong:
        return None
    return f"of the {len(sums)} sums that it writes out, these do not come to what it says: {_listed(wrong)}"


def sums_in(text: str) -> Iterator[Sum]:
    """Every sum that stands alone, in order. One that only points as thousands set right is doubtful, and left out."""
    parts_thousands = PARTS_THOUSANDS.search(text) is not None
    for found in SUM.finditer(text):
        if _is_part(text, found.start(), found.end()) or (told := _read(found[1], found[2])) is None:
            continue
        in_thousands = None if told.is_right else _in_thousands(found[1], found[2])
        if in_thousands is None or not in_thousands.is_right:
            yield told
        elif parts_thousands:
            yield in_thousands


def _in_thousands(written: str, result: str) -> Sum | None:
    """The sum with its points read so; ``None`` where one of them is a decimal point."""
    parts = [THOUSANDS.sub(r"\1", part) for part in (written, result)]
    return None if any("." in part for part in parts) else _read(*parts)


def _read(written: str, result: str) -> Sum | None:
    """The sum of these texts; ``None`` where it divides by zero."""
    value, said = _worth(written), result.translate(DROPPED)
    return None if value is None else Sum(Fraction(said), len(said.partition(".")[2]), value)


def _is_part(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - LOOK_BACK) : start]
    if GOES_ON_AFTER.match(text, end) or GOES_ON_SPACED.match(text, end):
        return True
    if ENDS_SPACED.search(before) and BEGINS_SPACED.match(text, start):
        return True
    return bool(GOES_ON_BEFORE.search(before) and not BULLET.search(before))


def _worth(written: str) -> Fraction | None:
    """The value, products first; ``None`` where it divides by zero."""
    total, product, sign = Fraction(0), Fraction(1), "*"
    for term in TERM.finditer(written):
        number = Fraction(term[1].translate(DROPPED))
        if sign in "+-":
            total, product = total + product, number if sign == "+" else -number
        elif sign == "/" and number == 0:
            return None
        else:
            product = product * number if sign == "*" else product / number
        written_sign = (term[2] or "").strip()
        sign = SIGNS.get(written_sign, written_sign)
    return total + product


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(f"number {number}" for number in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
