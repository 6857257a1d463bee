"""Demands on a text's form: what meets them, what does not, and what is said of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.portfolio import CheckName
from schemas.vocabulary import Verdict
from services.validator.domain.demands import DEMANDS, demanded
from services.validator.domain.results import KNOWN

MET_AND_NOT: list[tuple[str, dict[str, Any], str, str]] = [
    ("words", {"at_least": 3}, "one two three", "one two"),
    ("words", {"less_than": 3}, "one two", "one two three"),
    ("sentences", {"exactly": 2}, "It rains. Why?", "It rains."),
    ("paragraphs", {"exactly": 2}, "one\n***\ntwo", "one\n\ntwo"),
    ("paragraphs", {"at_least": 2}, "one *** two", "one *** *** two"),
    ("nth_paragraph", {"number": 2, "out_of": 2, "word": "So"}, "First.\n\nso it is.", "First.\n\nIt is so."),
    ("nth_paragraph", {"number": 1, "out_of": 2, "word": "So"}, "So.\n\nYes.", "So."),
    ("sections", {"separator": "SECTION", "at_least": 2}, "SECTION 1 a SECTION 2 b", "SECTION 1 a"),
    ("bullets", {"exactly": 2}, "* one\n- two", "* one"),
    ("highlights", {"at_least": 2}, "*one* and *two*", "*one* and two"),
    ("placeholders", {"at_least": 1}, "Dear [name],", "Dear Ann,"),
    ("capital_words", {"less_than": 2}, "A word", "TWO WORDS"),
    ("occurrences", {"text": "sea", "at_least": 2}, "Sea, sea", "sea"),
    ("has_texts", {"texts": ["sea", "sky"]}, "Sea and Sky", "sea"),
    ("lacks_words", {"texts": ["sea"]}, "seaside", "the Sea"),
    ("lacks_words", {"texts": ["C++"]}, "C and vitamin-C", "I like C++ and more"),
    ("lacks_words", {"texts": [".NET"]}, "the net", "Use .NET here"),
    ("lacks_words", {"texts": ["$"]}, "5 dollars", "It costs $5"),
    ("lacks_words", {"texts": ["guarantee!"]}, "guarantee", "a guarantee! yes"),
    ("lacks_words", {"texts": ["\u732b"]}, "\u72ac", "\u79c1\u306f\u732b\u304c\u597d\u304d"),
    ("lacks_words", {"texts": ["java"]}, "javascript\u304c\u597d\u304d", "\u79c1\u306fjava\u304c\u597d\u304d"),
    ("no_commas", {}, "no comma", "one, two"),
    ("lowercase", {}, "all small", "Not all"),
    ("uppercase", {}, "ALL CAPITAL", "Not ALL"),
    ("titled", {}, "<<a title>>\ntext", "<< >>\ntext"),
    ("titled", {}, "text << <On> a title>> text", "<<a\ntitle>> and >>no<<"),
    ("quoted", {}, ' "all of it" ', '"some" of it'),
    ("is_json", {}, '```json\n{"a": 1}\n```', '{"a": 1'),
    ("two_answers", {}, "one\n******\ntwo", "one\n******\none"),
    ("postscript", {"text": "P.S."}, "Bye.\nP. S. more", "Bye."),
    ("postscript", {"text": "P.P.S"}, "p.p.s more", "P.S. more"),
    ("starts_with", {"text": "Say this"}, " say this: yes", "Yes. Say this"),
    ("ends_with", {"text": "Any questions?"}, '"... any questions?"', "Any questions? No."),
    ("one_of", {"texts": ["My answer is yes.", "My answer is no."]}, "My answer is no.", "my answer is no"),
    ("language", {"value": "de"}, "Der Hund ist nicht im Haus.", "The dog is not in the house."),
    ("arithmetic", {}, "So 3 x $4.50 = $13.50.", "So 3 x $4.50 = $12.50."),
]


@pytest.mark.parametrize(("name", "settings", "met", "unmet"), MET_AND_NOT)
def test_a_demand_is_met_or_the_answer_is_told_what_to_mend(
    name: str, settings: dict[str, Any], met: str, unmet: str
) -> None:
    (good,), (bad,) = demanded(met, [(name, settings)]), demanded(unmet, [(name, settings)])
    assert (good.name, good.verdict) == (name, Verdict.PASS)
    assert (bad.name, bad.verdict, bad.at) == (name, Verdict.FAIL, "/content")
    assert bad.detail


def test_every_demand_has_a_case_here() -> None:
    assert {name for name, *_ in MET_AND_NOT} == set(DEMANDS)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("words", {}, "give at_least, less_than or exactly"),
        ("words", {"at_least": "many"}, "at_least"),
        ("words", {"at_most": 3}, "at_most"),
        ("has_texts", {"texts": []}, "texts"),
        ("no_commas", {"strict": True}, "strict"),
        ("language", {"value": "klingon"}, "value"),
        ("language", {"value": "germann"}, "did you mean german?"),
    ],
)
def test_wrong_settings_are_told_by_field_and_judge_nothing(name: str, settings: dict[str, Any], says: str) -> None:
    (told,) = demanded("text", [(name, settings)])
    assert told.verdict == Verdict.CANNOT_TELL
    assert says in (told.detail or "")


@given(st.text(max_size=300))
def test_no_text_can_make_a_demand_fail_to_judge(text: str) -> None:
    asked = [(name, settings) for name, settings, *_ in MET_AND_NOT]
    untold = {told.name for told in demanded(text, asked) if told.verdict not in (Verdict.PASS, Verdict.FAIL)}
    assert untold <= {"arithmetic", "language"}, "only a text without sums, or in no language, leaves something unsaid"


@given(st.lists(st.sampled_from(["word", "two", "x"]), max_size=30), st.integers(1, 40))
def test_a_count_is_either_reached_or_fallen_short_of(words: list[str], bound: int) -> None:
    text = " ".join(words)
    (least,), (most,) = (
        demanded(text, [("words", {"at_least": bound})]),
        demanded(text, [("words", {"less_than": bound})]),
    )
    assert {least.verdict, most.verdict} == {Verdict.PASS, Verdict.FAIL}


def test_an_operator_can_name_every_check_in_a_lane_and_no_other() -> None:
    assert {name.value for name in CheckName} == KNOWN | DEMANDS.keys()
