"""Admission: facts, limits, tenant, refusals and the row that lets a request in once."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from asking import NOW, asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Question, fingerprint
from schemas.example_request import DOCUMENT
from schemas.ids import request_id_from_origin
from schemas.places import shown
from schemas.portfolio import Portfolio
from schemas.request import RequestProfiled
from schemas.vocabulary import DataClass, Operation, Reason, Risk
from services.profiler.domain.admit import (
    LEAST_S,
    Terms,
    admission_of,
    identity_of,
    is_gateway,
    json_object,
    origin_of,
    profile,
    refuse,
    tenant_of,
)
from services.profiler.domain.params import PASSED, REFUSED, passed_params, why_unsupported

INTAKE = "p.request.submitted"
REQUEST_ID = UUID("0197a1f0-6c1e-7000-8000-000000000001")
TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset({"answers.bank"}))


def profiled(content: Any = "When do you open?", where: Any = None, **fields: Any) -> RequestProfiled:
    return profile(asked(content, **fields), where or received(), "savings-bank", portfolio(), TERMS)


def test_the_facts_of_a_request() -> None:
    request = profiled(request_id=REQUEST_ID, session="s", metadata={"a": 1}, task="invoice").request

    assert request.request_id == REQUEST_ID
    assert (request.tenant, request.session, request.metadata) == ("savings-bank", "s", {"a": 1})
    assert (request.lane, request.revision, request.admitted_at) == ("critical", "rev-1", NOW)
    assert request.profile.needs == ("chat",)


@pytest.mark.parametrize(("adapter", "is_told"), [("replay", True), ("openai_compatible", False)])
def test_a_question_has_a_fingerprint_where_a_provider_finds_answers_by_it(adapter: str, is_told: bool) -> None:
    beside = {"recorded": {"adapter": adapter, "base_url": "http://here", "answers": "a.jsonl"}}
    document = portfolio().model_dump(mode="json", exclude_none=True)
    with_it = Portfolio.of({**document, "providers": {**document["providers"], **beside}})
    request = profile(asked("When do you open?"), received(), "savings-bank", with_it, TERMS).request
    assert request.fingerprint == (fingerprint(asked().messages, None, None) if is_told else "")


LIVE = {"simple": {**DOCUMENT["lanes"]["simple"], "stream": "live"}, "critical": DOCUMENT["lanes"]["critical"]}


@pytest.mark.parametrize(
    ("fields", "streams", "live"),
    [
        ({"stream": True}, True, True),
        ({}, True, None),
        ({"stream": True}, False, None),
        ({"stream": True, "risk": Risk.HIGH, "lane": "simple"}, True, None),
        ({"stream": True, "lane": "critical"}, True, None),
    ],
)
def test_an_answer_is_read_live_where_lane_client_and_risk_allow_it(
    fields: dict[str, Any], streams: bool, live: bool | None
) -> None:
    terms = replace(TERMS, streams=streams)
    told = portfolio().model_copy(update={"lanes": Portfolio.of({**DOCUMENT, "lanes": LIVE}).lanes})
    assert profile(asked(**fields), received(), "bank", told, terms).request.live is live


def test_how_an_answer_is_told_makes_no_other_request_of_it() -> None:
    assert identity_of(asked(stream=True)) == identity_of(asked())


def test_the_gateways_topic_alone_tells_of_streams() -> None:
    topics = {topic: is_gateway(received(topic), INTAKE) for topic in (INTAKE, f"{INTAKE}.bank", f"{INTAKE}.gateway")}
    assert list(topics.values()) == [False, False, True]


def test_a_request_without_an_id_has_one_by_where_it_stands() -> None:
    assert profiled().request.request_id == request_id_from_origin("request.submitted", 3, 41)


def test_content_travels_apart_from_facts() -> None:
    event = profiled("A secret of the bank", params={"temperature": 0}, checks=({"name": "format"},))
    question = Question.read(event.body.text())

    assert question.messages == ({"role": "user", "content": "A secret of the bank"},)
    assert (question.params, question.checks) == ({"temperature": 0}, ({"name": "format"},))
    assert b"A secret" not in event.model_copy(update={"body": None}).request.to_json()


@pytest.mark.parametrize(
    ("asked_s", "lane", "seconds"),
    [(None, "simple", 30), (5.0, "simple", 5), (300.0, "simple", 30), (0.25, "critical", 0.25)],
)
def test_the_deadline_is_the_least_of_what_is_asked_and_the_lanes(asked_s: Any, lane: str, seconds: float) -> None:
    request = profiled(deadline_s=asked_s, lane=lane).request

    assert request.deadline_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("waited_s", "left_s"), [(12.0, 18), (29.99, LEAST_S), (100.0, LEAST_S)])
def test_what_its_client_waited_before_it_was_said_is_of_its_time(waited_s: float, left_s: float) -> None:
    request = profiled(lane="simple", waited_s=waited_s).request

    assert request.deadline_at == NOW + timedelta(seconds=left_s)


def test_a_request_that_is_said_again_after_another_wait_is_the_same() -> None:
    request_id = uuid4()

    assert len({identity_of(asked(request_id=request_id, waited_s=waited_s)) for waited_s in (None, 1.5, 2.5)}) == 1


def test_no_deadline_is_longer_than_the_settings_allow() -> None:
    terms = Terms("rev-1", longest_deadline_s=7, reply_topics=frozenset())
    event = profile(asked(), received(), "t", portfolio(), terms)

    assert event.request.deadline_at == NOW + timedelta(seconds=7)


@given(st.none() | st.floats(min_value=0, exclude_min=True, allow_infinity=True))
def test_an_attempts_deadline_lies_inside_the_requests(deadline_s: float | None) -> None:
    event = profiled(deadline_s=deadline_s)

    assert NOW <= event.attempt_deadline_at <= event.request.deadline_at <= NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("asked_usd", "lane", "micro"), [(None, "simple", 10_000), ("0.002", "simple", 2_000), ("1", "critical", 50_000)]
)
def test_the_budget_is_the_least_of_what_is_asked_and_the_lanes(asked_usd: Any, lane: str, micro: int) -> None:
    assert profiled(budget_usd=asked_usd, lane=lane).request.budget_micro_usd == micro


def test_a_missing_data_class_is_the_portfolios_default() -> None:
    assert profiled().request.data_class == DataClass.CONFIDENTIAL
    assert profiled(data_class=DataClass.PUBLIC).request.data_class == DataClass.PUBLIC


@pytest.mark.parametrize("operation", [None, Operation.EMBEDDINGS])
@pytest.mark.parametrize("fields", [{"lane": "simpel"}, {"task": "fax"}, {"lane": "simpel", "task": "fax"}])
def test_a_refused_request_is_counted_under_names_of_the_portfolio(fields: Any, operation: Any) -> None:
    """Whatever clients write into their requests makes no lane or task of its own in the figures."""
    event = profiled(operation=operation, **fields)

    assert event.refusal is not None
    assert event.request.lane == "simple"
    assert event.request.profile.task in ("embeddings", *portfolio().tasks)


def test_needs_are_read_off_the_form() -> None:
    image = [{"type": "image_url", "image_url": {"url": "x"}}]
    event = profiled(image, tools=({"type": "function"},), response_format={"type": "json_object"})

    assert event.request.profile.needs == ("chat", "tools", "json", "vision")


@pytest.mark.parametrize(
    ("fields", "reason", "says"),
    [
        ({"params": {"temprature": 1}}, Reason.UNSUPPORTED_PARAMETER, "params.temprature is not supported"),
        ({"params": {"n": 2}}, Reason.UNSUPPORTED_PARAMETER, "params.n "),
        ({"params": {"stream": True}}, Reason.UNSUPPORTED_PARAMETER, "params.stream "),
        ({"lane": "simpel"}, Reason.UNKNOWN_LANE, "did you mean simple?"),
        ({"task": "fax"}, Reason.UNKNOWN_TASK, "did you mean faq?"),
        ({"model": "smal"}, Reason.UNKNOWN_MODEL, "did you mean small?"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(fields: dict[str, Any], reason: Reason, says: str) -> None:
    refusal = profiled(**fields).refusal

    assert refusal is not None
    assert refusal.reason is reason
    assert says in refusal.detail


def test_a_request_that_can_be_followed_is_not_refused() -> None:
    assert profiled(params={"temperature": 0.2, "n": 1, "stream": False, "logprobs": None}).refusal is None


def test_a_refused_lane_still_has_limits() -> None:
    event = profiled(lane="nowhere")

    assert event.request.max_attempts == portfolio().lanes["simple"].max_attempts
    assert event.request.deadline_at == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(("reply_to", "refused"), [("answers.bank", False), ("answers.other", True), (None, False)])
def test_an_answer_goes_to_declared_topics_only(reply_to: str | None, refused: bool) -> None:
    event = profiled(where=received(reply_to=reply_to, key=b"\xff key"))

    assert (event.refusal is not None) is refused
    assert event.request.reply_to == (None if refused else reply_to)
    assert event.request.reply_key is not None
    assert event.request.reply_key.encode("latin-1") == b"\xff key"


@pytest.mark.parametrize(
    ("topic", "source", "in_body", "tenant"),
    [
        (INTAKE, None, None, "default"),
        (INTAKE, None, "other-bank", "default"),
        (INTAKE, "gateway", "savings-bank", "default"),
        (f"{INTAKE}.gateway", "gateway", "savings-bank", "savings-bank"),
        (f"{INTAKE}.gateway", None, "savings-bank", "savings-bank"),
        (f"{INTAKE}.gateway", "gateway", None, "default"),
        (f"{INTAKE}.gateway", "gateway", "", "default"),
        (f"{INTAKE}.gateway.more", "gateway", "savings-bank", "gateway.more"),
        (f"{INTAKE}.mobile", None, "other-bank", "mobile"),
        (f"{INTAKE}.mobile", "gateway", "other-bank", "mobile"),
        (f"{INTAKE}.mobile.app", None, None, "mobile.app"),
    ],
)
def test_a_tenant_is_whom_the_topic_belongs_to(topic: str, source: Any, in_body: Any, tenant: str) -> None:
    assert tenant_of(in_body, received(topic, source=source), INTAKE) == tenant


def test_what_is_no_request_is_admitted_with_its_refusal() -> None:
    value = {"request_id": str(REQUEST_ID), "messages": "hello"}
    event = refuse(value, "messages: wrong", received(value=b"{}", reply_to="elsewhere"), "t", portfolio(), TERMS)

    assert event.request.request_id == REQUEST_ID
    assert event.refusal is not None
    assert event.refusal.reason is Reason.INVALID_REQUEST
    assert event.request.reply_to is None


@pytest.mark.parametrize("claimed", [None, 7, "seven", [], {}, "", "0197a1f0"])
def test_an_id_that_is_none_is_not_taken_over(claimed: Any) -> None:
    event = refuse({"request_id": claimed}, "wrong", received(), "t", portfolio(), TERMS)

    assert event.request.request_id == request_id_from_origin("request.submitted", 3, 41)


def test_an_admission_is_the_hash_of_what_was_said_and_where_it_stands() -> None:
    event = profiled(request_id=REQUEST_ID)
    admission = admission_of(event, b"content", received())

    assert admission.body_hash == sha256(b"content").digest()
    assert (admission.request_id, admission.tenant) == (REQUEST_ID, "savings-bank")
    assert admission.origin == origin_of(received()) == "request.submitted:3:41"


@pytest.mark.parametrize(
    ("value", "told"),
    [(b'{"a": 1}', {"a": 1}), (b"[]", None), (b"7", None), (b"null", None), (b"", None), (b"\xff", None), (b"{", None)],
)
def test_a_json_object_is_told_from_anything_else(value: bytes, told: Any) -> None:
    assert json_object(value) == told


@pytest.mark.parametrize("value", [b"[" * 200_000, b'{"a":' * 200_000, b"1" * 100_000])
def test_no_value_can_make_reading_fail(value: bytes) -> None:
    assert json_object(value) is None


@given(st.binary(max_size=200))
def test_no_bytes_can_make_reading_fail(value: bytes) -> None:
    assert json_object(value) is None or value.strip()[:1] == b"{"


@pytest.mark.parametrize("name", sorted(PASSED))
def test_known_parameters_go_on_to_the_model(name: str) -> None:
    assert why_unsupported({name: 1}) is None
    assert passed_params({name: 1}) == {name: 1}


@given(st.text().filter(lambda name: name not in PASSED and name not in REFUSED))
def test_any_other_parameter_is_refused_and_never_dropped(name: str) -> None:
    told = why_unsupported({"temperature": 0, name: 1})
    assert told is not None
    assert told.startswith(f"params.{shown(name)} is not supported: ")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, how in REFUSED.items() for value in how.harmless])
def test_a_parameter_that_asks_for_nothing_is_let_pass(name: str, value: Any) -> None:
    assert why_unsupported({name: value}) is None
    assert why_unsupported({name: None}) is None
    assert why_unsupported({name: "more"}) is not None
    assert passed_params({name: value, "seed": None}) == {}


@pytest.mark.parametrize("params", [{}, {"max_tokens": 40}, {"max_completion_tokens": 40}])
def test_a_profile_tells_the_clients_own_bound_on_an_answer(params: dict[str, int]) -> None:
    bound = profiled(params=params).request.profile.most_output_tokens

    assert bound == (40 if params else None)
