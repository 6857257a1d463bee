"""International bank account numbers: their length by country, and the remainder that tells them from other letters.

ISO 13616; the lengths are those of its register.
"""

from collections.abc import Mapping

COUNTRIES_OF_LENGTH: Mapping[int, str] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
LENGTHS: Mapping[str, int] = {
    country: length for length, countries in COUNTRIES_OF_LENGTH.items() for country in countries.split()
}


def iban(letters: str) -> bool:
    """Whether it has its country's length, and leaves 1 by 97 when its first four characters are moved to its end."""
    told = letters.upper()
    moved = told[4:] + told[:4]
    return LENGTHS.get(told[:2]) == len(told) and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
