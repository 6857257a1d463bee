"""Arguments of tool calls: those that were said are let through, those that were made up are told by their place."""

from collections.abc import Iterator
from typing import Any

import pytest
from answered_attempts import Asked, Judge, a_call, a_tool, said_of
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import AttemptAccepted, AttemptRejected, CheckResult
from schemas.content import Answer, Question
from schemas.vocabulary import Reason, Verdict
from services.validator.domain import grounding
from services.validator.domain.grounding import LONGEST, grounded

SAID = "Refund order 1,250.50 of Ann-Marie O'Neill (ann@shop.example) for three blue mugs, please."
PROPERTIES = {
    "name": {"type": "string", "description": "The customer, e.g. John Smith"},
    "amount": {"type": "number"},
    "unit": {"enum": ["EUR", "USD"]},
    "lines": {"type": "array"},
}
REFUND = a_tool("refund", {"type": "object", "properties": PROPERTIES})


def check(arguments: Any, settings: dict[str, Any] | None = None, said: str = SAID, **more: Any) -> CheckResult:
    question = Question.of({"messages": [{"role": "user", "content": said}], "tools": [REFUND], **more})
    message = said_of(None, tool_calls=[a_call("refund", arguments)])
    return grounded(question, Answer(message=message, finish_reason="tool_calls"), settings or {})


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "Ann-Marie O'Neill"},
        {"name": "ann marie o'neill"},
        {"name": "ANN@SHOP.EXAMPLE"},
        {"amount": 1250.5},
        {"amount": "1250.50"},
        {"amount": 3},
        {"unit": "USD"},
        {"lines": [{"name": "blue mugs"}, None, True]},
        {"name": ""},
        {},
    ],
)
def test_what_was_said_or_may_be_chosen_is_let_through(arguments: dict[str, Any]) -> None:
    assert check(arguments).verdict == Verdict.PASS


@pytest.mark.parametrize("said", ["Wait 1e-5 seconds", "Wait 0.00001 seconds"])
def test_a_small_number_is_found_in_either_way_of_writing(said: str) -> None:
    assert check({"amount": 0.00001}, said=said).verdict == Verdict.PASS


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        ({"name": "John Smith"}, "/name"),
        ({"name": "Ann-Marie Neill"}, "/name"),
        ({"amount": 1250.51}, "/amount"),
        ({"amount": 4}, "/amount"),
        ({"amount": 0.00003}, "/amount"),
        ({"amount": 3e16}, "/amount"),
        ({"unit": "GBP"}, "/unit"),
        ({"lines": [{"name": "blue mugs"}, {"name": "red mugs"}]}, "/lines/1/name"),
        ({"customer": "Ann-Marie O'Neill"}, "/customer"),
    ],
)
def test_what_was_made_up_is_told_by_its_place_and_never_said_again(arguments: dict[str, Any], at: str) -> None:
    found = check(arguments)
    assert (found.verdict, found.at) == (Verdict.FAIL, f"/tool_calls/0/function/arguments{at}")
    assert "smith" not in (found.detail or "").lower()


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("请给张伟退款100元", {"name": "张伟", "amount": 100}),
        ("请给Ann退款", {"name": "Ann"}),
        ("山田太郎さんに返金してください", {"name": "山田太郎"}),
        ("タナカさんの注文A12を取り消す", {"name": "注文A12"}),
        ("김철수에게 환불해 주세요", {"name": "김철수"}),
        ("โรงแรมในกรุงเทพพรุ่งนี้", {"name": "กรุงเทพ"}),
        ("Refund Zoe\u0308 Mu\u0308ller", {"name": "Zo\u00eb M\u00fcller"}),
        ("Refund Zo\u00eb M\u00fcller", {"name": "Zoe\u0308 Mu\u0308ller"}),
        ("\uae40\ucca0\uc218", {"name": "\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e"}),
    ],
)
def test_a_text_may_stand_within_others_in_scripts_without_spaces(said: str, arguments: dict[str, Any]) -> None:
    assert check(arguments, said=said).verdict == Verdict.PASS


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("请给张伟退款100元", {"name": "王伟"}),
        ("请给张伟退款100元", {"amount": 10}),
        ("请给Anna退款", {"name": "Ann"}),
        ("タナカさんの注文A123を取り消す", {"name": "注文A12"}),
    ],
)
def test_what_was_made_up_is_told_in_scripts_without_spaces(said: str, arguments: dict[str, Any]) -> None:
    assert check(arguments, said=said).verdict == Verdict.FAIL


def test_what_a_model_may_work_out_is_left_out_by_name() -> None:
    assert check({"amount": 42}, {"leave": ["amount"]}).verdict == Verdict.PASS
    assert check({"amount": 42}, {"leave": "amount"}).verdict == Verdict.CANNOT_TELL


def test_a_tool_that_takes_any_argument_has_none_invented() -> None:
    anything = a_tool("refund", {"type": "object", "properties": PROPERTIES, "additionalProperties": True})
    assert check({"customer": "Ann-Marie"}, tools=[anything]).verdict == Verdict.PASS


@pytest.mark.parametrize(
    "more",
    [
        {"additionalProperties": {}},
        {"patternProperties": {"^cust": {"type": "string"}}},
        {"$ref": "#/$defs/buyer", "$defs": {"buyer": {"properties": {"customer": {"type": "string"}}}}},
        {"dependentSchemas": {"name": {"properties": {"customer": {"type": "string"}}}}},
        {"unevaluatedProperties": False},
        {"if": {"required": ["name"]}, "then": {"properties": {"customer": {"type": "string"}}}},
        *({name: [{"properties": {"customer": {"type": "string"}}}]} for name in ("allOf", "anyOf", "oneOf")),
    ],
)
def test_what_a_schema_tells_in_other_ways_is_not_invented(more: dict[str, Any]) -> None:
    tool = a_tool("refund", {"type": "object", "properties": PROPERTIES, **more})
    assert check({"customer": "Ann-Marie"}, tools=[tool]).verdict == Verdict.PASS
    assert check({"customer": "John Smith"}, tools=[tool]).verdict == Verdict.FAIL


def test_what_another_message_said_counts_and_what_a_model_said_does_not() -> None:
    turns = [{"role": "tool", "content": "customer: Jo Doe"}, {"role": "assistant", "content": "Ed Roe?"}]
    messages = [{"role": "user", "content": SAID}, *turns]
    assert check({"name": "Jo Doe"}, messages=messages).verdict == Verdict.PASS
    assert check({"name": "Ed Roe"}, messages=messages).verdict == Verdict.FAIL


@pytest.mark.parametrize("arguments", ["no JSON", "[1]", '{"name": '])
def test_arguments_that_cannot_be_read_are_for_another_check_to_tell(arguments: str) -> None:
    assert check(arguments).verdict == Verdict.PASS


def test_without_a_call_and_with_too_much_to_read_it_cannot_be_told() -> None:
    question = Question.of({"messages": [{"role": "user", "content": SAID}]})
    assert grounded(question, Answer(message=said_of("Done."), finish_reason="stop"), {}).verdict == "cannot_tell"
    assert check({"name": "x"}, said="x" * (LONGEST + 1)).verdict == Verdict.CANNOT_TELL


def test_a_lane_rejects_what_was_made_up_and_does_not_where_it_is_not_asked_to(judge: Judge) -> None:
    call = said_of(None, tool_calls=[a_call("refund", {"name": "John Smith"})])
    asked = Asked(call, "tool_calls", text=SAID, question={"tools": [REFUND]})
    rejected = judge(asked, ["grounded"])
    assert isinstance(rejected, AttemptRejected)
    assert rejected.reason == Reason.CHECK_FAILED
    assert isinstance(judge(asked, []), AttemptAccepted)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda s: st.lists(s, max_size=3))
)
def test_no_value_can_stop_it(value: Any) -> None:
    assert check({"name": value}).verdict in (Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL)


def test_no_more_values_are_taken_than_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(value: object) -> Iterator[tuple[str, object]]:
        yield from (("/0", True) for _ in range(grounding.MOST_VALUES))
        raise AssertionError("one more is taken")

    monkeypatch.setattr(grounding, "_leaves", leaves)
    assert check({"lines": []}).verdict == Verdict.PASS
