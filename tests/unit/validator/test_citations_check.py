"""What an answer cites, held against the sources that came with the request."""

from typing import Any

import pytest
from answered_attempts import Asked, Judge, said_of
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import AttemptAccepted, AttemptRejected
from schemas.content import Source
from schemas.vocabulary import Verdict
from services.validator.domain.citations import LONGEST_ANSWER, LONGEST_SOURCES, citations

HOURS = (
    "The shop opens at 10 on Sundays. It closes at five, and on Mondays it\u2019s shut; parking costs $1,250.50 a year."
)
TERMS = "Returns are taken for 30 days. A receipt is needed for each of them."
SOURCES = (Source(id="s1", text=HOURS), Source(id="s2", text=TERMS))
EVERY = {"every_sentence": True}


def verdict(text: str, settings: dict[str, Any] | None = None) -> tuple[str, str]:
    told = citations(text, settings or {}, SOURCES)
    assert (told.at == "/content") is (told.verdict == Verdict.FAIL)
    return told.verdict, told.detail or ""


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("It opens at 10 [s1].", {}),
        ("It opens at 10. [s1] Returns take 30 days. (S2)", EVERY),
        ("It opens at 10\u3010s1\u3011. It closes at 5\u3010s1\u2020L1-L2\u3011.", EVERY),
        ("It opens at 10, and takes returns for 30 days [s1, s2].", EVERY),
        ("It opens at 10 [source s1]. A receipt is needed [Source: S2].", EVERY),
        ("It opens at 10, and takes returns for 30 days [s1-s2].", EVERY),
        ("It opens at 10, and takes returns for 30 days [sources s1 and s2].", EVERY),
        ("It opens at 10 (source s1). [source code] is no source [^s1].", {}),
        ("It rains. [s2] says that a receipt is needed.", {}),
        ('It says "the shop opens at 10 on Sundays." [s1]', EVERY),
        ("\u201cOn Mondays  it's shut\u201d [s1].", {}),
        ('"The shop opens ... and on Mondays it\'s shut" [s1].', {}),
        ('"[A] receipt is needed" [s2].', {}),
        ('"Returns are taken for 30 days. A receipt is needed" [s2].', EVERY),
        ("> Returns are taken for 30 days. [s2]", EVERY),
        ("Parking is 1250.5 dollars [s1].", {}),
        (
            "## The opening hours\nWhen does it open?\nAs follows:\n1. It opens at 10 [s1].\n2. It closes at 5 [s1].",
            EVERY,
        ),
        ("Dr. No opens it at 10 [s1].", EVERY),
        ('The so-called "early bird" comes at 10 [s1].', {}),
        ("See [the terms](https://example.com/7) and `a[7]` [s1].", {}),
        ("No source at all.", {"min": 0}),
        ("It is 11 in words [s1].", {"numbers": False}),
    ],
)
def test_what_stands_in_its_sources_passes(text: str, settings: dict[str, Any]) -> None:
    assert verdict(text, settings) == (Verdict.PASS, "")


@pytest.mark.parametrize(
    "mark", ["[1]", "[1, 3]", "[1][2]", "[1-3]", "[1\u20132]", "[source 1]", "(Source: 2)", "[^3]"]
)
def test_a_source_may_be_named_by_its_number_in_every_usual_way(mark: str) -> None:
    sources = [Source(id=str(number), text=HOURS) for number in (1, 2, 3)]
    assert citations(f"It opens at 10 {mark}.", EVERY, sources).verdict == Verdict.PASS
    assert citations(f"It opens at 10 {mark}.", EVERY, SOURCES).verdict == Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "settings", "says"),
    [
        ("It opens at 10.", {}, "it cites 0 sources, and at least 1"),
        ("It opens at 10 [s1].", {"min": 2}, "cites 1 sources, and at least 2"),
        (
            "It opens at 10 [s3].",
            {"min": 0},
            "sentence 1 (at character 0): it cites a source that was not given; there are 2",
        ),
        ("It opens [s1, s9].", {}, "not given"),
        ("It opens [s1-s3].", {}, "not given"),
        ("It opens at 10 [source s9].", {"min": 0}, "not given"),
        ("It opens at 10 (s4).", {"min": 0}, "not given"),
        ("It opens [7].", {"min": 0}, "not given"),
        ("It opens at 10 [s1]. It is nice there.", EVERY, "sentence 2 (at character 21): it cites no source"),
        ("It opens at 11 [s1].", {}, "1 of its numbers do not stand in what it cites"),
        ("It takes 30 days [s1].", {}, "1 of its numbers"),
        ('"The shop opens on Sundays" [s1].', {}, "quote 1 does not stand, word for word, in what it cites"),
        ('"A receipt is needed" [s1].', {}, "quote 1"),
        ('"Everything is free today" it says.', {"min": 0}, "in any source"),
        ('"e shop opens at 10" [s1].', {}, "quote 1"),
        ('"and on Mondays it\'s shut ... The shop opens" [s1].', {}, "quote 1"),
    ],
)
def test_what_does_not_stand_there_is_told_with_its_place(text: str, settings: dict[str, Any], says: str) -> None:
    told, detail = verdict(text, settings)
    assert told == Verdict.FAIL
    assert says in detail


def test_what_cannot_be_held_against_anything_is_said() -> None:
    assert "no sources" in (citations("It rains [s1].", {}, ()).detail or "")
    assert "min" in verdict("It rains [s1].", {"min": "many"})[1]
    assert verdict("It rains [s1].", {"most": 3})[0] == Verdict.CANNOT_TELL
    assert verdict("x" * (LONGEST_ANSWER + 1))[0] == Verdict.CANNOT_TELL
    long = Source(id="s1", text="x" * (LONGEST_SOURCES + 1))
    assert citations("It rains [s1].", {}, (long,)).verdict == Verdict.CANNOT_TELL


def test_no_more_is_told_than_the_place() -> None:
    _, detail = verdict('"Everything is secret today" [s1]. It is 4711 [s1]. It is so [zebra-9].')
    assert not any(word in detail for word in ("secret", "4711", "zebra"))


@given(st.text(alphabet="ab1 .\"\u201c\u201d[]()s\n>,`'\u3010\u3011", max_size=200))
def test_no_text_can_make_it_fail_to_judge(text: str) -> None:
    assert verdict(text, EVERY)[0] in (Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL)


@given(st.integers(0, 6), st.integers(3, 8))
def test_any_run_of_a_sources_words_is_a_quote_of_it(start: int, length: int) -> None:
    words = TERMS.split()
    assert verdict(f'It says "{" ".join(words[start : start + length])}" [s2].')[0] == Verdict.PASS


def test_a_foreign_source_is_a_rejection_that_says_what_to_mend(judge: Judge) -> None:
    question = {"sources": [source.model_dump() for source in SOURCES]}
    bad = judge(Asked(said_of("It opens at 10 [s7]."), question=question), [{"citations": EVERY}])
    assert isinstance(bad, AttemptRejected)
    assert "citations at /content: " in bad.detail
    good = judge(Asked(said_of("It opens at 10 [s1]."), question=question), [{"citations": EVERY}])
    assert isinstance(good, AttemptAccepted)
    assert good.verified
