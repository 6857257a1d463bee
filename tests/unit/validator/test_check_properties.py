"""What holds for any answer, any schema and any client."""

import json
import string
from typing import Any

from answered_attempts import RECEIVED, Asked, OneRevision, a_tool, in_form_of, portfolio_with, said_of
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.attempt import AttemptAccepted, AttemptDoubted, AttemptRejected
from schemas.content import Answer, Question
from schemas.reaction import Said
from schemas.vocabulary import Role, Verdict
from services.validator.domain.agreement import compared
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.results import BASICS
from services.validator.handlers import Handlers

CHECKER = SchemaChecker(kept=8)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text(string.ascii_lowercase + "/~%", min_size=1, max_size=4)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
WORDS = st.sampled_from(
    "type properties items anyOf allOf not $ref $defs enum required pattern minimum const if then prefixItems "
    "additionalProperties unevaluatedProperties $dynamicRef $id $anchor propertyNames $schema".split()
)
LEAVES = SCALARS | st.sampled_from(["#", "#/$defs/a", "string", "object", "^(a|b)*$", "http://127.0.0.1:9/x"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.just("a"), inner, max_size=4),
    max_leaves=15,
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant")},
    optional={"content": TEXT | JSON, "tool_calls": JSON, "refusal": JSON, "audio": JSON},
)


@st.composite
def typed(draw: st.DrawFn, depth: int = 3) -> tuple[dict[str, Any], Any]:
    """A schema and a value that satisfies it."""
    kinds = ["integer", "string", "enum", "anyOf"] + (["array", "object"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "integer":
        value = draw(st.integers(-1000, 1000))
        return {"type": "integer", "minimum": value - draw(st.integers(0, 5))}, value
    if kind == "string":
        value = draw(TEXT)
        return {"type": "string", "maxLength": len(value) + draw(st.integers(0, 5))}, value
    if kind == "enum":
        value = draw(JSON)
        return {"enum": [value, "another"]}, value
    if kind == "anyOf":
        schema, value = draw(typed(0))
        return {"anyOf": [{"type": "null"}, schema]}, value
    if kind == "array":
        schema, value = draw(typed(depth - 1))
        return {"type": "array", "items": schema, "minItems": 1}, [value] * draw(st.integers(1, 3))
    members = draw(st.dictionaries(NAMES, typed(depth - 1), max_size=3))
    schema = {"type": "object", "properties": {name: part for name, (part, _) in members.items()}}
    schema |= {"required": sorted(members), "additionalProperties": False}
    return schema, {name: value for name, (_, value) in members.items()}


def judged(asked: Asked, checks: list[Any] | None = None) -> AttemptAccepted | AttemptRejected | AttemptDoubted:
    handlers = Handlers(OneRevision(portfolio_with(checks or [])), CHECKER)
    (said,) = handlers.on_attempt_completed(asked.completed(), RECEIVED).says
    assert isinstance(said, Said)
    assert isinstance(said.event, AttemptAccepted | AttemptRejected | AttemptDoubted)
    return said.event


@given(typed())
def test_an_answer_that_satisfies_its_schema_is_accepted_and_verified(pair: tuple[dict[str, Any], Any]) -> None:
    schema, value = pair
    event = judged(Asked(said_of(json.dumps(value)), question={"response_format": in_form_of(schema)}))
    assert isinstance(event, AttemptAccepted)
    assert event.verified


@given(typed(), st.data())
def test_a_wrong_member_is_found_where_it_is(pair: tuple[dict[str, Any], Any], data: st.DataObject) -> None:
    schema, value = pair
    name = data.draw(NAMES)
    whole = {"type": "object", "properties": {name: schema, "kept": {"type": "integer"}}, "required": [name]}
    wrong = {"type": "object", "properties": {"outer": whole}}
    text = json.dumps({"outer": {name: value, "kept": "no number"}})
    event = judged(Asked(said_of(text), question={"response_format": in_form_of(wrong)}))
    assert isinstance(event, AttemptRejected)
    assert next(check.at for check in event.checks if check.name == "schema") == "/outer/kept"


@settings(max_examples=300)
@given(MESSAGES, st.sampled_from(["stop", "length", "tool_calls", "content_filter", "?"]), SCHEMAS, SCHEMAS, JSON)
def test_no_answer_and_no_client_can_stop_the_validator(
    message: dict[str, Any], finish_reason: str, form: Any, parameters: Any, choice: Any
) -> None:
    question = {
        "response_format": in_form_of(form),
        "tools": [a_tool("now", parameters)],
        "params": {"tool_choice": choice},
    }
    event = judged(Asked(message, finish_reason, question=question), ["format", "agreement"])
    assert event.checks
    if isinstance(event, AttemptRejected):
        assert any(check.verdict == Verdict.FAIL for check in event.checks)
        assert event.reason in {check.reason for check in event.checks}
        assert event.detail
    else:
        assert not any(check.verdict == Verdict.FAIL for check in event.checks)


@given(SCHEMAS, JSON)
def test_a_checked_value_gets_one_of_three_verdicts_and_a_failure_a_place(schema: Any, value: Any) -> None:
    finding = CHECKER.check(schema, value, 100)
    assert finding.verdict in (Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL)
    assert (finding.at is not None) == (finding.verdict == Verdict.FAIL)


@given(TEXT)
def test_nothing_is_verified_by_the_basics_alone(text: str) -> None:
    event = judged(Asked(said_of(text)))
    if isinstance(event, AttemptAccepted):
        assert {check.name for check in event.checks} == BASICS
        assert not event.verified


@given(MESSAGES, MESSAGES, TEXT)
def test_agreement_knows_no_order(one: dict[str, Any], other: dict[str, Any], asked: str) -> None:
    question = Question.of({"messages": [{"role": "user", "content": asked}]})
    first, second = (Answer(message=message, finish_reason="stop") for message in (one, other))
    assert compared(question, first, second) == compared(question, second, first)


@given(MESSAGES, MESSAGES)
def test_a_second_look_always_ends_in_a_verdict(one: dict[str, Any], other: dict[str, Any]) -> None:
    event = judged(Asked(other, role=Role.AGREEMENT, number=2, doubted=one), ["agreement"])
    assert isinstance(event, AttemptAccepted | AttemptRejected)
