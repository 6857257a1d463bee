"""Personal data and secrets in a text: what is found, what is not, and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bank_accounts import iban
from schemas.national_ids import luhn
from schemas.sensitive import DETECTORS, Detector, Kind, find
from schemas.sensitive import _found as found_by  # pyright: ignore[reportPrivateUsage]
from schemas.sensitive import _numbers as numbers_in  # pyright: ignore[reportPrivateUsage]

CARD = "4111 1111 1111 1111"
KEY = "sk-" + "a1B2" * 8
TOKEN = ".".join(("eyJ" + "hbGciOiJI", "eyJ" + "zdWIiOiIx", "c2lnbmF0dXJl"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.CARD, CARD),
        (Kind.CARD, "378282246310005"),
        (Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
        (Kind.IBAN, "GB82WEST12345698765432"),
        (Kind.EMAIL, "ada.lovelace+bank@example.co.uk"),
        (Kind.NATIONAL_ID, "123-45-6789"),
        (Kind.NATIONAL_ID, "AB 12 34 56 C"),
        (Kind.NATIONAL_ID, "12345678Z"),
        (Kind.NATIONAL_ID, "1 84 12 76 451 089 46"),
        (Kind.PHONE, "+44 20 7946 0958"),
        (Kind.PHONE, "(415) 555-0132"),
        (Kind.PHONE, "06 12 34 56 78"),
        (Kind.PHONE, "07700 900123"),
        (Kind.PHONE, "05 87 2034 56 78"),
        (Kind.PHONE, "06.12.34.56.78"),
        (Kind.IP_ADDRESS, "192.0.2.17"),
        (Kind.SECRET, KEY),
        (Kind.SECRET, "AKIA" + "Q7" * 8),
        (Kind.SECRET, TOKEN),
        (Kind.SECRET, "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ],
)
def test_a_value_is_found_where_it_stands(kind: Kind, value: str) -> None:
    text = f"Please use {value}, and reply."
    (found,) = find(text)
    assert (found.kind, text[found.start : found.end]) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Pay 4111 1111 1111 1112 by Friday",
        "IBAN DE89 3704 0044 0532 0130 01",
        "12345678A",
        "000-12-3456 and 666-12-3456",
        "on 01.02.2024 or 2024-03-01, 10-12-2023",
        "on 05.12.2024 14:30, or 05.12.24 14.30",
        "01-15-2024 10:30 AM to 06 15 2024 10 30",
        "order 20240301123456, 1234567890123456",
        "order 0123/456789",
        "Az 0815/123456",
        "Rechnung 0123/20240101",
        "file 0123 45678",
        "version 1.2.3.4.5, about 300.1.1.1",
        "1,234,567.89 of 12 345 678",
        "a @ b, user@host, sk-learn and AKIA",
        "0 1 2 3 4 5 6 7 8 9",
        "\u0664" + "\u0661" * 15,
    ],
)
def test_ordinary_text_raises_no_alarm(text: str) -> None:
    assert find(text) == ()


def test_all_finds_are_told_in_order_of_place() -> None:
    kinds = [found.kind for found in find(f"ada@example.com, {CARD}, {KEY}, bob@example.com")]
    assert kinds == [Kind.EMAIL, Kind.CARD, Kind.SECRET, Kind.EMAIL]


@pytest.mark.parametrize("around", ["\ud800", "\u0664" * 9, "Grüße an \U0001f600"])
def test_a_card_is_found_whatever_stands_beside_it(around: str) -> None:
    (found,) = find(f"{around} {CARD}")
    assert found.kind == Kind.CARD


def whole_search(detector: Detector, text: str) -> list[tuple[int, int]]:
    """Where the form stands in a text that is searched from its beginning to its end."""
    return [match.span() for match in detector.form.finditer(text) if detector.accepts(match)]


IDS = ("RSSMRA85T10A562S", "756.9217.0769.85", "131052-308T", "A123456(3)", "ssn 123456789", "2a02:26f0::5", "de89")
PARTS = (
    CARD,
    *IDS,
    "DE89 3704 0044 0532 0130 00",
    "123-45-6789",
    "AB 12 34 56 C",
    "12345678-Z",
    "1 84 12 76 451 089 46",
)
ADDRESSES = ("a@b.cd", "x@a.bc.d@e.fg", "@", "@b.cc", "l" * 63)
MORE = ("+44 20 7946 0958", "(415) 555-0132", "001-415-555-0132x12", "192.0.2.17", "12", "007", "DE", "A", "\u0661")
BETWEEN = ("", " ", "  ", "   ", "-", ".", "+", "(", ") ", "x", ", ")


@given(
    st.lists(st.sampled_from((*PARTS, *ADDRESSES, *MORE, *BETWEEN)), max_size=14).map("".join)
    | st.text("019 -.+()xABZ@ac")
)
def test_around_numbers_and_domains_is_found_what_a_search_through_the_whole_text_finds(text: str) -> None:
    digits = sum(map(text.count, "0123456789"))
    for detector in DETECTORS:
        if detector.digits <= digits and detector.mark in text:
            found = [
                (each.start, each.end)
                for each in found_by(detector, text, numbers_in(text, text.encode("ascii", "replace")))
            ]
            assert found == whole_search(detector, text)


@given(st.text(alphabet="0123456789 -.+@()aAbBeEyYJsSkKDE", max_size=120))
def test_finds_lie_in_the_text_and_never_overlap(text: str) -> None:
    finds = find(text)
    ends = [0, *(found.end for found in finds)]
    assert all(last <= found.start < found.end <= len(text) for last, found in zip(ends, finds, strict=False))


@given(st.integers(min_value=0, max_value=8), st.integers(min_value=0, max_value=14))
def test_one_wrong_digit_is_no_card(by: int, place: int) -> None:
    digits = CARD.replace(" ", "")
    wrong = digits[:place] + str((int(digits[place]) + 1 + by) % 10) + digits[place + 1 :]
    assert luhn(digits)
    assert not luhn(wrong)


@given(st.integers(min_value=0, max_value=8), st.integers(min_value=4, max_value=21))
def test_one_wrong_digit_is_no_account(by: int, place: int) -> None:
    account = "DE89370400440532013000"
    wrong = account[:place] + str((int(account[place]) + 1 + by) % 10) + account[place + 1 :]
    assert iban(account)
    assert not iban(wrong)
