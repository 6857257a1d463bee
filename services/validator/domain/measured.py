"""A number as people write it: its value, and the currency and the unit that it is told in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

# Every pattern here takes time in proportion to the text: it is a model's, or a client's.
NUMBER = re.compile(r"[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-\u2212]?\.\d+")
_BEFORE = r"([A-Za-z]{0,3}\s?[$€£¥₹]|\\\$|\b(?:USD|EUR|GBP|JPY|INR|CHF|CAD|AUD|CNY)\s?)?"
_BEHIND = r"\\?(%|°[CF]?|[$€£¥₹]|[^\W\d]+(?:[ /][^\W\d]+){0,2})?"
ONLY_NUMBER = re.compile(rf"^{_BEFORE}\s*({NUMBER.pattern})\s*{_BEHIND}\.?$")
"""At most a currency before it and a unit after it; a sentence with a number in it is not one."""
IN_A_TEXT = re.compile(rf"{_BEFORE}({NUMBER.pattern})\s?{_BEHIND}")
PARTS = re.compile(r"[ /]")

SHORTEST_PLURAL = 4
CURRENCIES = MappingProxyType(
    {"$": "dollar", "us$": "dollar", "\\$": "dollar", "usd": "dollar", "€": "euro", "eur": "euro", "£": "pound"}
    | {"gbp": "pound", "¥": "yen", "jpy": "yen", "₹": "rupee", "inr": "rupee", "chf": "franc"}
)
MONEY = frozenset(CURRENCIES.values())
UNITS = MappingProxyType(
    {"%": "percent", "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "hrs": "hour"}
    | {"m": "meter", "metre": "meter", "g": "gram", "km": "kilometer", "kilometre": "kilometer", "kg": "kilogram"}
    | {"ft": "foot", "feet": "foot", "inche": "inch", "lbs": "lb", "millisecond": "ms"}
)
MEASURES = frozenset("day week month year mile cm mm mg ml liter litre °c °f cent".split())
"""Beside those of ``UNITS``: what is a unit even in the middle of a sentence."""
KNOWN = MEASURES | MONEY | frozenset(UNITS.values())
TIMES = MappingProxyType(
    {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3}
    | {"mn": 10**6, "mio": 10**6, "bn": 10**9, "mrd": 10**9, "tn": 10**12, "tausend": 10**3, "mille": 10**3}
    | {"millionen": 10**6, "millone": 10**6, "milliard": 10**9, "milliarden": 10**9}
)
LETTERS = MappingProxyType({"m": 10**6, "b": 10**9})
"""Small they are units (a meter), but behind money."""


@dataclass(frozen=True, slots=True)
class Measured:
    """``unit``: its words in the singular, a currency first; none where only the number is told."""

    value: Decimal
    unit: tuple[str, ...] = ()

    def is_same(self, other: "Measured") -> bool:
        """Of one value; and of one unit, unless one of them tells none, or of money no more than which."""
        units = self.unit, other.unit
        bare = units[0] == units[1] or () in units
        return self.value == other.value and (bare or _is_less_of_one(*sorted(units, key=len)))


def number_of(text: str) -> Decimal:
    """A number as people write it, without its thousands separators."""
    return Decimal(text.replace(",", "").replace("\u2212", "-"))


def only_number(text: str) -> Measured | None:
    """What a text comes to that is a number and nothing else."""
    found = ONLY_NUMBER.match(text)
    return _measured(found[1], found[2], found[3], is_alone=True) if found else None


def last_number(text: str) -> Measured | None:
    """The last number of a text, with its unit where that is a known one: any word may stand behind a number."""
    found = IN_A_TEXT.findall(text)
    return _measured(*found[-1], is_alone=False) if found else None


def _measured(before: str | None, number: str, behind: str | None, *, is_alone: bool) -> Measured:
    currency = _currency(before or "")
    words = PARTS.split(behind) if behind else []
    times = _times(words[0], is_money=bool(currency)) if words else 1
    told = [_unit(word) for word in (words if times == 1 else words[1:])]
    kept = told if is_alone else [word for word in told[:1] if word in KNOWN]
    return Measured(number_of(number) * times, tuple(dict.fromkeys([*currency, *kept])))


def _currency(before: str) -> Sequence[str]:
    sign = "".join(before.split()).casefold()
    return [CURRENCIES.get(sign, sign)] if sign else []


def _times(word: str, *, is_money: bool) -> int:
    name = _singular(word.casefold())
    if name in LETTERS and (is_money or word.isupper()):
        return LETTERS[name]
    return TIMES.get(name, 1)


def _unit(word: str) -> str:
    name = _singular(word.casefold())
    return UNITS.get(name) or CURRENCIES.get(name, name)


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) >= SHORTEST_PLURAL else word


def _is_less_of_one(shorter: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    return shorter[0] in MONEY and len(shorter) == 1 and longer[0] == shorter[0]
