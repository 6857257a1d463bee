"""Personal data and secrets as they are written in many countries and by many vendors, and what only looks like them.

All values are invented, and those of secrets are put together as the tests run.
"""

import pytest

from schemas.national_ids import indian, luhn
from schemas.sensitive import Kind, find

DRAWN = "Qw7Zx9Lm2Kp4Vt6Rb8Yn3Hd5Gf1Js0Ca"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PHONES = [
    "415.555.0132",
    "+1 (415) 555-0132",
    "1-800-555-0199",
    "(415)555-0132",
    "0207 946 0958",
    "+44 (0)20 7946 0958",
    "030 901820",
    "0171 2345678",
    "0049 30 901820",
    "00 44 20 7946 0958",
    "+33612345678",
    "+39 06 1234 5678",
    "+91 98765 43210",
    "(11) 91234-5678",
    "03-1234-5678",
    "138-1234-5678",
    "0412 345 678",
    "8 (912) 345-67-89",
    "06-12345678",
    "044 668 18 00",
    "+972-54-123-4567",
]
NAMED_PHONES = [
    "Tel: 4155550132",
    "Mobile: 07700900123",
    "call me on 612 345 678",
    "Telefon: 030/901820",
    "T\u00e9l. 0145678901",
    "WhatsApp 98765 43210",
    "my number is 4155550132",
    "Fax: 0301234567",
]
ACCOUNTS = [
    "de89370400440532013000",
    "DE89-3704-0044-0532-0130-00",
    "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
    "MT84MALT011000012345MTLCAST001S",
    "NO93 8601 1117 947",
]
CARDS = [
    "2027 4111 1111 1111 1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "3782 822463 10005",
    "6759 6498 2643 8453",
]
IDS = [
    "X1234567L",
    "RSSMRA85T10A562S",
    "36574261809",
    "111.444.777-35",
    "93.05.18-223.61",
    "756.9217.0769.85",
    "811228-9874",
    "19811228-9874",
    "131052-308T",
    "11010519491231002X",
    "12.345.678-5",
    "S1234567D",
    "2345 6789 0124",
    "736028/5163",
    "BOXW310820HNERXN09",
    "A123456789",
    "A123456(3)",
    "G123456(A)",
    "T0000001E",
    "F1234567N",
    "G1234567X",
    "900101-1234568",
    "01018500120",
    "05.04.12-223.64",
    "12.345.670-K",
    "12.345.675-0",
]
"""Of Spain, Italy, Germany, Brazil, Belgium, Switzerland, Sweden, Finland, China, Chile, Singapore, India, Czechia,
Mexico, Taiwan, Hong Kong, Korea and Norway: each has a check digit or letter.
"""
FORMED_IDS = ["ABCPE1234F"]
NAMED_IDS = [
    "SSN 123 45 6789",
    "SSN: 123456789",
    "PESEL: 44051401359",
    "BSN 111222333",
    "passport number X1234567",
    "Passport No: 533380006",
    "NHS number 943 476 5919",
    "driver's license number is F1628235401",
    "personnummer 20150314-0005",
    "Personnummer: 240315-1430",
    "rodn\u00e9 \u010d\u00edslo: 240315/1430",
    "resident registration number 210101-3234567",
    "CPR no. 010190-1234",
    "passport: X1234567",
]
ADDRESSES = [
    "2001:db8:85a3::8a2e:370:7334",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "fe80::1ff:fe23:4567:890a",
    "2a02:26f0::5",
    "fd12:3456:789a:1::1",
    "10.1.2.3",
]
EMAILS = ["o.brien+x@mail.example.co.uk", "m\u00fcller@firma.de", "info@m\u00fcnchen.de", "JOHN@EXAMPLE.COM"]
SECRETS = [
    f"sk-ant-{'api03-'}{DRAWN}",
    f"sk-{HEX[:32]}",
    f"sk-or-v1-{HEX}",
    f"sk-{'qWxZvLmKpVtRbYnHd' * 2}",
    f"sk-proj-{DRAWN[:12]}-{DRAWN[12:]}",
    f"xapp-{'1-A012-'}{DRAWN}",
    f"xoxe-{DRAWN}",
    f"ya29{'.'}{DRAWN}{DRAWN}",
    f"GOCSPX{'-'}{DRAWN[:28]}",
    *(f"{kind}{DRAWN[:24]}" for kind in ("sk_live_", "rk_live_", "sk_test_")),
    f"whsec{'_'}{DRAWN}",
    f"SK{HEX[:32]}",
    f"SG{'.'}{DRAWN[:22]}.{DRAWN}abcdefghijk",
    f"key{'-'}{HEX[:32]}",
    f"npm{'_'}{DRAWN}abcd",
    f"pypi{'-AgE'}{DRAWN * 3}",
    f"hf{'_'}{DRAWN[1:2]}q{DRAWN}",
    f"dapi{HEX[:32]}",
    f"dop{'_v1_'}{HEX}",
    f"shpat{'_'}{HEX[:32]}",
    f"123456789{':AA'}{DRAWN}x",
    f"dckr{'_pat_'}{DRAWN[:27]}",
    f"gsk{'_'}{DRAWN}{DRAWN[:20]}",
    f"pplx{'-'}{DRAWN}{DRAWN[:16]}",
    f"glsa{'_'}{DRAWN}_12345678",
    f"hvs{'.'}{DRAWN * 3}",
    f"lin{'_api_'}{DRAWN}abcdefgh",
    f"ATATT{'3'}{DRAWN * 4}",
    "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    f"postgres{'://app:'}s3cretPw9@db.example.com/x",
    f"aws_secret_access_key = {DRAWN}abcd/+12",
    f"AccountKey{'='}{DRAWN}abcdefghijklmnopqrst==",
    f"Authorization: Bearer {DRAWN}",
    f"Authorization: Basic {DRAWN[:24]}==",
    f'"api_key": "{DRAWN}"',
    f"https://hooks.slack.com/services/{'T01234567/B01234567/'}{DRAWN[:24]}",
    f"AGE-SECRET-{'KEY-1'}{DRAWN.upper() * 2}",
    f"password: {DRAWN[:20]}",
    'password = "hashPassword2024Sha256"',
]
ORDINARY = [
    "order no. 415-55501-32",
    "ts 1709294096123 ms",
    f"sha256 {HEX}, commit {HEX[:40]}",
    "123e4567-e89b-12d3-a456-426614174000, 00000000-1234-5678-9012-123456789012",
    "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2, ISBN 9783161484100",
    "48.858370, 2.294481; -33.856800, 151.215300; 40.712800 -74.006000",
    "1 234 567 890 people, 10 000 000 euros, 1.234.567,89",
    "DOI 10.1000/182, CAS 7732-18-5, HS 8471.30.0100, EAN 4006381333931",
    "94105-1234, sort code 12-34-56, 1Z999AA10123456784",
    "2024-03-01T12:30:45Z, 2024-03-01 12:30:45,123",
    "00:1A:2B:3C:4D:5E, std::vector<int> a::b::c, 2:1:3::4",
    "Chrome/120.0.6099.109, version 1.2.3.4, v10.0.19041.1, section 3.2.1.4",
    "127.0.0.1 and 0.0.0.0, mask 255.255.255.0",
    "git@github.com:org/repo.git, icon@2x.png, user@localhost, pandas@2.1.0",
    "case 2024-CV-001234, invoice 2024/000123, lot 030-901820-A, room 101-202-3030b",
    "IMEI 35-209900-176148-1",
    "16 digits: 1234 5678 9012 3456",
    "population 331002651, Mersenne 2147483647",
    "api_key = YOUR_API_KEY_HERE, password: ********, token = tokenizer.encode(text), token_count: 123456",
    "postgres://localhost:5432/db, postgres://user:password@host/db, https://${USER}:${PASSWORD}@host",
    "key-value-pairs-are-stored-in-a-map, risk-averse-and-task-oriented-people-who",
    "telephone costs 1200 euros a year, phone model 3310, iPhone 15 Pro 256, tel aviv 2024",
    "passport control at gate 12, passport photos 35x45, SSN rules changed in 2011",
    "my number is 42, call 911",
    "Bearer of bad news, Basic knowledge is needed",
    "pi 3 1 4 1 5 9 2 6 5 3 5 8",
    "4DA60990-BD0D-8CFE-EE59-B397CD751E08, 74F806F2-F2AE-556F-BDFA-EA88690C9BF8, 26986A17-DC37-6BE1-3914-10BCA9657BCA",
    "backup 20240315-1430, Invoice 20240315-0001, 240315-1430, build 240315/1430, 240315/0006",
    "Invoice 240315-1000001, 900101-1234567",
    "passport 2024-01-15, passport renewed 2019, passport 533380006 pages",
    "social security 1935-1965, tax id 10.000.000, tax id since 2019/20 2020/21",
    "NHS 2019/20 2020/21, NHS 943476 euros, CPR 31.16 31.17",
    '"phone,2024-01-02", mobile: 1920-1080, call on 2024-03-15, call me on 2024/03/15 10:30',
    "4222222222222 ns, id 4000000000006",
    "sk-circle-fade-dot-element-1 { margin: 0 }, sk-report-of-2024-01-15-final, .sk-folding-cube-element-12",
    "password = hashPassword2024Sha256, token = response2.accessToken2Value, secret=/run/secrets/DbPass01",
]
FORMATS = [
    *((Kind.PHONE, value) for value in (*PHONES, *NAMED_PHONES)),
    *((Kind.IBAN, value) for value in ACCOUNTS),
    *((Kind.CARD, value) for value in CARDS),
    *((Kind.NATIONAL_ID, value) for value in (*IDS, *FORMED_IDS, *NAMED_IDS)),
    *((Kind.IP_ADDRESS, value) for value in ADDRESSES),
    *((Kind.EMAIL, value) for value in EMAILS),
    *((Kind.SECRET, value) for value in SECRETS),
]


@pytest.mark.parametrize(("kind", "value"), FORMATS)
def test_a_value_is_found_in_the_way_that_it_is_written(kind: Kind, value: str) -> None:
    found = find(f"Please note {value}, and reply.")
    assert {each.kind for each in found} == {kind}


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_looks_like_it_raises_no_alarm(text: str) -> None:
    assert find(text) == ()


@pytest.mark.parametrize("value", IDS)
def test_an_id_with_another_check_digit_is_none(value: str) -> None:
    place = max(index for index, sign in enumerate(value) if sign.isalnum())
    row = "0123456789" if value[place].isdigit() else "ABCDEFGHJKLMNPQRSTUVWXYZ"
    wrong = [sign for sign in row if sign != value[place]]
    changed = [f"{value[:place]}{sign}{value[place + 1 :]}" for sign in wrong]
    assert [text for text in changed if any(each.kind is Kind.NATIONAL_ID for each in find(text))] == []


def test_two_digits_changed_places_are_no_aadhaar() -> None:
    assert indian("234567890124")
    assert not indian("324567890124")


def test_a_number_of_one_digit_is_no_cpf_though_it_checks() -> None:
    assert find("111.111.111-11") == ()


def test_a_card_behind_a_longer_row_of_groups_is_none() -> None:
    assert luhn("567890123456")
    assert find("1234 5678 9012 3456") == ()


@pytest.mark.parametrize("text", ["My card 4222222222222 is lost", "the credit card. Number is 4222 2222 2222 2"])
def test_a_card_of_thirteen_digits_is_one_behind_its_name(text: str) -> None:
    assert [found.kind for found in find(text)] == [Kind.CARD]
