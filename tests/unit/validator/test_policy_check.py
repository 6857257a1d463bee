"""An answer held against a rule pack of the portfolio."""

import time
from typing import Any

import pytest
from answered_attempts import RECEIVED, Asked, OneRevision, portfolio_with, said_of
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import AttemptAccepted, AttemptRejected
from schemas.policies import Policy
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.vocabulary import Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.policy import LONGEST, policy
from services.validator.handlers import Handlers

PACK: dict[str, Any] = {
    "forbid": ["guaranteed return", {"pattern": r"(?i)\bsue\w*\b"}],
    "require": ["This isn't legal advice."],
    "leaks": ["card", "iban", "secret"],
}
KEY = "sk-" + "aB3defghij" * 3
ADVICE = "Wait a day. This isn't legal advice."


def verdict(text: str, pack: dict[str, Any] = PACK) -> tuple[str, str]:
    told = policy(text, {"value": "support"}, {"support": Policy.of(pack)})
    assert (told.at == "/content") is (told.verdict == Verdict.FAIL)
    return told.verdict, told.detail or ""


@pytest.mark.parametrize(
    "text",
    [
        ADVICE,
        "THIS ISN\u2019T\nlegal   advice",
        "Wait a day. __This isn't legal advice.__",
        f"{ADVICE} Guaranteed returning goods",
        f"{ADVICE} `def f(guaranteed_return)`",
        f"{ADVICE} Mail a@example.com",
    ],
)
def test_an_answer_that_keeps_to_it_passes(text: str) -> None:
    assert verdict(text) == (Verdict.PASS, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Wait a day.", 'require[0] requires: say "This isn\'t legal advice."'),
        (f"{ADVICE} A *Guaranteed*\nRETURN of 8 %.", "forbid[0]"),
        (f"{ADVICE} It is a _guaranteed return_.", "forbid[0]"),
        (f"{ADVICE} It is a **_guaranteed_** __return__.", "forbid[0]"),
        (f"{ADVICE} We sued them.", "forbid[1]"),
        (f"{ADVICE} Card 4111 1111 1111 1111", "it gives away a card"),
        (f"{ADVICE} IBAN DE89 3704 0044 0532 0130 00", "it gives away a iban"),
        (f"{ADVICE} Use {KEY}", "it gives away a secret"),
    ],
)
def test_what_breaks_it_is_told_by_its_place_in_the_pack(text: str, says: str) -> None:
    told, detail = verdict(text)
    assert told == Verdict.FAIL
    assert says in detail
    assert "4111" not in detail
    assert KEY not in detail


def test_what_cannot_be_held_against_it_is_said() -> None:
    assert "it has support" in (policy("x", {"value": "suport"}, {"support": Policy.of(PACK)}).detail or "")
    assert "value" in (policy("x", {}, {}).detail or "")
    assert verdict("x" * (LONGEST + 1))[0] == Verdict.CANNOT_TELL


def test_a_phrase_with_an_underscore_in_it_is_one_word() -> None:
    pack = {"forbid": ["internal_id"]}
    assert verdict("The internal id", pack)[0] == Verdict.PASS
    assert verdict("The _internal_id_", pack)[0] == Verdict.FAIL


def test_underscores_take_time_in_proportion_to_the_text() -> None:
    start = time.process_time()
    for text in ("_" * LONGEST, "a" + "_" * (LONGEST - 2) + "b", "a_" * (LONGEST // 2), "_ " * (LONGEST // 2)):
        assert verdict(text)[0] == Verdict.FAIL
    assert time.process_time() - start < 1


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(x+x+)+y", r"(?:a|a)*b", r"(?:\w{10}){2}q", r"[ab]*a[ab]{20}x"])
def test_no_pattern_takes_long_on_any_text(pattern: str) -> None:
    pack = {"forbid": [{"pattern": pattern}]}
    start = time.process_time()
    for text in ("a" * LONGEST, "ab" * (LONGEST // 2), "x" * (LONGEST - 1) + "z"):
        assert verdict(text, pack)[0] in (Verdict.PASS, Verdict.FAIL)
    assert time.process_time() - start < 1, "a backtracking engine would not come back at all"


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        ({"forbid": [{"pattern": r"(?=a)b"}]}, "look-around"),
        ({"forbid": [{"pattern": r"(a)\1"}]}, "backreferences are not supported"),
        ({"require": [{"pattern": "("}]}, "unclosed group"),
        ({"forbid": [{"pattern": "(a{5}){5}"}]}, "20 repetitions"),
        ({"forbid": ["..."]}, "one letter or digit"),
        ({"forbid": ["_"]}, "one letter or digit"),
        ({"leaks": ["names"]}, "secret"),
        ({}, "forbid, require or leaks"),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_with_the_reason(pack: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match="validation error") as refused:
        Policy.of(pack)
    assert says in str(refused.value)


@given(st.text(max_size=300))
def test_a_required_text_is_found_wherever_it_stands(around: str) -> None:
    pack = {"require": ["This isn't legal advice."]}
    assert verdict(f"{around} This isn't legal advice. {around}", pack)[0] == Verdict.PASS


def judged(text: str) -> object:
    plain = portfolio_with([]).model_dump(mode="json")
    plain["policies"] = {"support": PACK}
    plain["lanes"]["simple"]["checks"] = [{"policy": "support"}]
    handlers = Handlers(OneRevision(Portfolio.of(plain)), SchemaChecker(kept=4))
    (said,) = handlers.on_attempt_completed(Asked(said_of(text)).completed(), RECEIVED).says
    assert isinstance(said, Said)
    return said.event


def test_an_answer_of_such_a_lane_is_rejected_or_verified() -> None:
    bad, good = judged("Wait a day."), judged(ADVICE)
    assert isinstance(bad, AttemptRejected)
    assert "- policy at /content: by the policy support, it lacks" in bad.detail
    assert isinstance(good, AttemptAccepted)
    assert good.verified
