"""Numbers that states give to people: their forms, and the check digits that tell them from other numbers.

Only what has a form of its own is here, or digits that check: were one check digit and no form enough, a tenth of all
numbers of eleven digits would be somebody's.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase, digits

Holds = Callable[[str], bool]
NIR_BODY = 13
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"
NRIC = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT"}
TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
OF_DIGITS_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
OF_LETTERS_ODD = (*OF_DIGITS_ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
ITALIAN_ODD = dict(zip(digits + ascii_uppercase, OF_DIGITS_ODD + OF_LETTERS_ODD, strict=True))
CURP = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
VERHOEFF_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(told: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in told[-2::-2])
    return (sum(map(int, told[-1::-2])) + sum(doubled)) % 10 == 0


def _weighed(told: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(told, weights, strict=False))


def _is_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def spanish(letters: str) -> bool:
    """DNI and NIE: the letter is the number's remainder by 23, as a place in a row; X, Y, Z stand for 0, 1, 2."""
    number = letters[:-1].translate(str.maketrans("XYZ", "012"))
    return DNI_LETTERS[int(number) % len(DNI_LETTERS)] == letters[-1]


def french(told: str) -> bool:
    """NIR: the last two digits are 97 less the remainder of the first thirteen."""
    return 97 - int(told[:NIR_BODY]) % 97 == int(told[NIR_BODY:])


def belgian(told: str) -> bool:
    """The last two digits are 97 less the remainder of the nine before, a 2 before them for people born from 2000."""
    return int(told[9:]) in (97 - int(told[:9]) % 97, 97 - int(f"2{told[:9]}") % 97)


def brazilian(told: str) -> bool:
    """CPF: two digits, each the remainder by 11 of those before."""
    first = _weighed(told, range(10, 1, -1)) * 10 % 11 % 10
    return len(set(told)) > 1 and f"{first}{_weighed(told, range(11, 1, -1)) * 10 % 11 % 10}" == told[9:]


def chilean(told: str) -> bool:
    """RUT: the remainder by 11, with K for ten."""
    rest = 11 - _weighed(told[-2::-1], (2, 3, 4, 5, 6, 7) * 2) % 11
    return {11: "0", 10: "K"}.get(rest, str(rest)) == told[-1].upper()


def swiss(told: str) -> bool:
    """AHV: the check digit of EAN-13."""
    return _weighed(told, (1, 3) * 7) % 10 == 0


def swedish(told: str) -> bool:
    """A day of birth, and Luhn's digit over the last ten."""
    return _is_day(told[-8:-6], told[-6:-4]) and luhn(told[-10:])


def finnish(told: str) -> bool:
    """A day of birth, and the remainder by 31 as a letter."""
    return _is_day(told[2:4], told[:2]) and FINNISH[int(told[:6] + told[-4:-1]) % 31] == told[-1]


def korean(told: str) -> bool:
    """A day of birth, and a remainder by 11; numbers given since October 2020 have none, and need a label."""
    rest = (11 - _weighed(told, (*range(2, 10), *range(2, 6))) % 11) % 10
    return _is_day(told[2:4], told[4:6]) and rest == int(told[12])


def czech(told: str) -> bool:
    """A day of birth, its month more by 50 for women and by 20 where numbers ran out, and a multiple of 11."""
    month = int(told[2:4]) % 50
    return _is_day(str(month - 20 if month > 20 else month), told[4:6]) and int(told) % 11 == 0


def chinese(told: str) -> bool:
    """A day of birth, and the remainder by 11 with X for ten (ISO 7064, mod 11-2)."""
    rest = (12 - _weighed(told, [2 ** (17 - place) % 11 for place in range(17)])) % 11
    return _is_day(told[10:12], told[12:14]) and "0123456789X"[rest] == told[-1].upper()


def indian(told: str) -> bool:
    """Aadhaar: Verhoeff's check digit, in the group of the turns and flips of a pentagon."""
    check = 0
    for place, digit in enumerate(reversed(told)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = VERHOEFF_TURN[turned]
        check = _of_pentagon(check, turned)
    return check == 0


def _of_pentagon(one: int, other: int) -> int:
    if one < 5:
        return (one + other) % 5 if other < 5 else (one + other) % 5 + 5
    return (one - other) % 5 + 5 if other < 5 else (one - other) % 5


def german(told: str) -> bool:
    """Tax number: one of the first ten digits stands there twice or three times, and ISO 7064's mod 11,10."""
    counts = sorted(map(told[:10].count, set(told[:10])))
    if told[0] == "0" or counts[-1] not in (2, 3) or counts[-2:-1] not in ([1], []):
        return False
    product_ = 10
    for digit in told[:10]:
        product_ = ((int(digit) + product_) % 10 or 10) * 2 % 11
    return (11 - product_) % 10 == int(told[10])


def norwegian(told: str) -> bool:
    """A day of birth, and two check digits by 11."""
    first, second = _weighed(told, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)), _weighed(told, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return _is_day(told[2:4], told[:2]) and first % 11 == 0 and second % 11 == 0


def singaporean(letters: str) -> bool:
    """NRIC: the remainder by 11 as a place in the row of letters that its first letter has."""
    weighed = _weighed(letters[1:8], (2, 7, 6, 5, 4, 3, 2))
    return NRIC[letters[0]][weighed % 11] == letters[-1]


def taiwanese(letters: str) -> bool:
    """The first letter is two digits; all weighed are a multiple of 10."""
    area = TAIWAN.index(letters[0]) + 10
    return (area // 10 + area % 10 * 9 + _weighed(letters[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def hongkongese(letters: str) -> bool:
    """Letters count from ten, a missing first one 36; all weighed are a multiple of 11."""
    values = [36] * (9 - len(letters)) + [int(letter, 36) for letter in letters]
    return sum(value * weight for value, weight in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def italian(letters: str) -> bool:
    """Codice fiscale: odd places by a table, even ones by their order, the sum's remainder by 26 as a letter."""
    total = sum(ITALIAN_ODD[letter] for letter in letters[0:15:2])
    total += sum(int(letter, 36) - 10 if letter.isalpha() else int(letter) for letter in letters[1:15:2])
    return ascii_uppercase[total % 26] == letters[15]


def mexican(letters: str) -> bool:
    """CURP: a day of birth, and the digit that makes all, weighed from 18 down, a multiple of 10."""
    total = sum(CURP.index(letter) * (18 - place) for place, letter in enumerate(letters[:17]))
    return _is_day(letters[6:8], letters[8:10]) and (10 - total % 10) % 10 == int(letters[17])


def _of_eleven(told: str) -> bool:
    return german(told) or norwegian(told)


def _always(told: str) -> bool:
    return True


BORN = r"[03-9]\d"
"""The last digits of a year of birth; were ours among them, dates with a time behind would be ids."""
DIGITS: Mapping[str, tuple[str, Holds]] = {
    "spanish": (r"\d{8}-?[A-HJ-NP-TV-Z]|[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", spanish),
    "french": (r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}", french),
    "brazilian": (r"\d{3}\.\d{3}\.\d{3}-\d{2}", brazilian),
    "belgian": (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", belgian),
    "swiss": (r"756\.\d{4}\.\d{4}\.\d{2}", swiss),
    "chilean": (r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", chilean),
    "swedish": (rf"(?:19\d\d|200\d|{BORN})\d{{4}}[-+]\d{{4}}", swedish),
    "finnish": (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", finnish),
    "korean": (r"\d{6}-[1-8]\d{6}", korean),
    "czech": (rf"{BORN}\d{{4}}/\d{{4}}", czech),
    "chinese": (r"[1-9]\d{5}(?:19|20)\d{9}[\dX]", chinese),
    "indian": (r"(?<!\d{4} )[2-9]\d{3} \d{4} \d{4}(?! \d)", indian),
    "of_eleven": (r"\d{11}", _of_eleven),
    "singaporean": (r"[STFG]\d{7}[A-Z]", singaporean),
    "taiwanese": (r"[A-Z][12]\d{8}", taiwanese),
    "hongkongese": (r"[A-Z]{1,2}\d{6}\([0-9A]\)", hongkongese),
}
"""By country: digits, with a letter or two before or behind them."""
LETTERS: Mapping[str, tuple[str, Holds]] = {
    "italian": (r"[A-Z]{2}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", italian),
    "mexican": (r"\d{6}[HM][A-Z]{5}[A-Z0-9]\d", mexican),
    "permanent": (r"(?<=[ABCFGHJLPT])[A-Z]\d{4}[A-Z]", _always),
}
"""What follows four letters, which come first; the permanent account number is India's."""


def _any_of(forms: Mapping[str, tuple[str, Holds]]) -> str:
    return "|".join(f"(?P<{name}>{form})" for name, (form, _) in forms.items())


OF_DIGITS = re.compile(rf"(?<![\w.+-])(?:{_any_of(DIGITS)})(?![\w-])(?!\.\d)", re.ASCII)
OF_LETTERS = re.compile(rf"[A-Z]{{4}}(?<![A-Za-z0-9][A-Z]{{4}})(?:{_any_of(LETTERS)})(?![A-Za-z0-9])", re.ASCII)
CHECKS: Mapping[str, Holds] = {name: holds for forms in (DIGITS, LETTERS) for name, (_, holds) in forms.items()}
LABEL = re.compile(
    r"\b(?:ssn|itin|social security|social insurance|bsn|burgerservicenummer|pesel|cpf|cnp|egn|tfn|tax file"
    r"|(?:cpr|nhs|passport)(?=\W{0,3}(?:number|no|nr|num)\b| ?[:#])|personnummer|rodn\u00e9 \u010d\u00edslo"
    r"|resident registration|\uc8fc\ubbfc\ub4f1\ub85d\ubc88\ud638"
    r"|reisepass(?:nummer)?|passeport|pasaporte|national (?:id|insurance|identity)|identity card|id card"
    r"|personalausweis|steuer-?id|tax id|driver'?s? licen[cs]e|driving licen[cs]e|aadhaar|tckn|t\.?c\.? kimlik)\b"
    r"(?:\W{1,3}(?:number|no|nr|num|card|is|id|was))*\W{0,3}[a-z]{0,2}$"
)
"""What stands before a number, in small letters, that says whose kind it is."""
NO_DATE = r"(?!(?:19|20)\d\d[-/. ](?:\d\d\b|(?:19|20)\d\d))"
"""A year, and a month or another year."""
NO_AMOUNT = r"(?!\d{1,2}(?:[ .]\d{3}){2}(?!\d)(?! \d))"
LABELLED = re.compile(
    rf"(?<![\w.+-]){NO_DATE}{NO_AMOUNT}[A-Z]{{0,2}}\d(?:[ ./-]?\d){{5,12}}[A-Z]?(?![\w-])(?!\.\d)", re.ASCII
)
