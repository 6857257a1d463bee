"""What the validator says of an attempt, seen from the handler."""

import pytest
from answered_attempts import (
    ASKED,
    RECEIVED,
    REQUEST_ID,
    Asked,
    Judge,
    OneRevision,
    in_form_of,
    portfolio_with,
    said_of,
    tried_as,
)

from schemas.attempt import AttemptAccepted, AttemptDoubted, AttemptRejected
from schemas.content import Answer, Body
from schemas.reaction import Said
from schemas.vocabulary import Reason, Risk, Role, Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENING = said_of("On Sundays it opens at ten.")


def verdicts(event) -> dict[str, str]:
    return {check.name: str(check.verdict) for check in event.checks}


def test_a_plain_answer_is_accepted_and_not_called_verified(judge: Judge) -> None:
    event = judge(Asked(OPENING), ["format"])
    assert isinstance(event, AttemptAccepted)
    assert verdicts(event) == {"not_empty": "pass", "not_cut_off": "pass", "not_refused": "pass"}
    assert event.verified is False


def test_an_answer_that_satisfies_its_schema_is_verified(judge: Judge) -> None:
    event = judge(Asked(said_of('{"city": "Bern"}'), question={"response_format": in_form_of(CITY)}))
    assert isinstance(event, AttemptAccepted)
    assert event.verified is True
    assert verdicts(event)["schema"] == "pass"


def test_the_event_carries_what_the_attempt_carried(judge: Judge) -> None:
    earlier = (tried_as(1, Role.PRIMARY, Reason.TIMEOUT),)
    for message in (OPENING, said_of("")):
        asked = Asked(message, number=2, tried=earlier)
        event, completed = judge(asked), asked.completed()
        assert event.subject == REQUEST_ID
        for name in ("request", "attempt", "tried", "usage", "cost", "latency_ms", "answer"):
            assert getattr(event, name) == getattr(completed, name), name


@pytest.mark.parametrize(
    ("message", "finish_reason", "reason"),
    [
        (said_of(""), "stop", Reason.EMPTY),
        (said_of("On Sundays it op"), "length", Reason.CUT_OFF),
        (said_of("I'm sorry, but I can't help with that."), "stop", Reason.REFUSED),
        (said_of(None, refusal="I cannot do this."), "stop", Reason.REFUSED),
        (said_of(""), "content_filter", Reason.REFUSED),
        (said_of(""), "length", Reason.CUT_OFF),
    ],
)
def test_a_rejection_names_the_cause_and_not_the_symptom(
    judge: Judge, message: dict, finish_reason: str, reason: Reason
) -> None:
    event = judge(Asked(message, finish_reason, question={"response_format": in_form_of(CITY)}))
    assert isinstance(event, AttemptRejected)
    assert event.reason == reason


def test_a_rejection_tells_the_model_where_and_what_and_keeps_the_prompt_to_itself(judge: Judge) -> None:
    asked = Asked(said_of('{"city": 7}'), question={"response_format": in_form_of(CITY)})
    event = judge(asked)
    assert isinstance(event, AttemptRejected)
    assert event.reason == Reason.CHECK_FAILED
    assert "schema at /city" in event.detail
    assert '"string"' in event.detail
    assert ASKED not in event.detail


def test_the_values_of_an_answer_do_not_get_into_the_facts(judge: Judge) -> None:
    event = judge(Asked(said_of('{"city": 4711}'), question={"response_format": in_form_of(CITY)}))
    assert isinstance(event, AttemptRejected)
    assert not any("4711" in (check.detail or "") for check in event.checks)


def test_agreement_is_asked_for_when_everything_else_holds(judge: Judge) -> None:
    event = judge(Asked(OPENING), ["agreement"])
    assert isinstance(event, AttemptDoubted)
    assert event.look == Role.AGREEMENT
    assert event.answer == Asked(OPENING).completed().answer
    assert verdicts(event)["agreement"] == "doubt"


PLANNED = [{"agreement": {"when": "planned"}}]


def test_a_plan_may_do_without_agreement_where_the_lane_leaves_it_to_the_plan(judge: Judge) -> None:
    event = judge(Asked(OPENING, waives=("agreement",)), PLANNED)

    assert isinstance(event, AttemptAccepted)
    assert (verdicts(event)["agreement"], event.verified) == ("cannot_tell", False)
    assert "the router's plan does without another model here" in str(event.checks[-1].detail)
    assert isinstance(judge(Asked(OPENING), PLANNED), AttemptDoubted), "this plan does not"


@pytest.mark.parametrize(
    ("asked", "checks"),
    [
        (Asked(OPENING, waives=("agreement",)), ["agreement"]),
        (Asked(OPENING, waives=("agreement",)), [{"agreement": {"when": "always"}}]),
        (Asked(OPENING, waives=("agreement",)), [{"agreement": {"when": "rarely"}}]),
        (Asked(OPENING, waives=("agreement",), risk=Risk.HIGH), PLANNED),
        (Asked(OPENING, waives=("agreement",), question={"checks": [{"name": "agreement"}]}), PLANNED),
        (Asked(OPENING, waives=("format",)), PLANNED),
    ],
)
def test_no_plan_does_without_what_is_not_left_to_it(judge: Judge, asked: Asked, checks: list) -> None:
    assert isinstance(judge(asked, checks), AttemptDoubted)


def test_a_critical_lanes_agreement_is_never_left_to_a_plan(schemas: SchemaChecker) -> None:
    found = portfolio_with(PLANNED)
    critical = found.model_copy(update={"lanes": {"simple": found.lanes["simple"].model_copy(update={"priority": 1})}})

    (said,) = (
        Handlers(OneRevision(critical), schemas)
        .on_attempt_completed(Asked(OPENING, waives=("agreement",)).completed(), RECEIVED)
        .says
    )

    assert isinstance(said, Said)
    assert isinstance(said.event, AttemptDoubted)


def test_a_request_may_ask_for_agreement_itself(judge: Judge) -> None:
    assert isinstance(judge(Asked(OPENING, question={"checks": [{"name": "agreement"}]})), AttemptDoubted)


def test_a_repaired_answer_is_confirmed_too(judge: Judge) -> None:
    assert isinstance(judge(Asked(OPENING, role=Role.REPAIR), ["agreement"]), AttemptDoubted)


def test_nobody_is_asked_to_confirm_an_answer_that_fails(judge: Judge) -> None:
    assert isinstance(judge(Asked(said_of("")), ["agreement"]), AttemptRejected)


def second_look(first: str, second: str, **more) -> Asked:
    return Asked(said_of(second), role=Role.AGREEMENT, number=2, doubted=said_of(first), **more)


def test_two_models_that_agree_verify_the_first_ones_answer(judge: Judge) -> None:
    event = judge(second_look("The shop opens at 10.", "It opens at 10."), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert event.verified is True
    assert answer_text(event.answer) == "The shop opens at 10."
    assert verdicts(event)["agreement"] == "pass"


def test_two_models_that_differ_end_in_a_rejection(judge: Judge) -> None:
    event = judge(second_look("The shop opens at 10.", "The shop opens at 11."), ["agreement"])
    assert isinstance(event, AttemptRejected)
    assert event.reason == Reason.DISAGREED
    assert verdicts(event)["agreement"] == "fail"


@pytest.mark.parametrize("useless", ["", "I'm sorry, but I can't assist with that."])
def test_a_second_opinion_that_is_none_does_not_lose_the_request(judge: Judge, useless: str) -> None:
    event = judge(second_look("The shop opens at 10.", useless), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert answer_text(event.answer) == "The shop opens at 10."
    assert event.verified is False
    assert verdicts(event)["agreement"] == "cannot_tell"


def test_what_the_first_answers_schema_verified_stays_verified(judge: Judge) -> None:
    form = {"response_format": in_form_of(CITY)}
    event = judge(second_look('{"city": "Bern"}', "no idea", question=form), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert event.verified is True
    assert verdicts(event) | {"schema": "pass", "agreement": "cannot_tell"} == verdicts(event)


def test_another_model_is_asked_once_a_request(judge: Judge) -> None:
    tried = (tried_as(1, Role.PRIMARY, Reason.DISAGREED), tried_as(2, Role.AGREEMENT, Reason.DISAGREED))
    event = judge(Asked(OPENING, number=3, tried=tried, max_attempts=5), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert event.verified is False
    assert verdicts(event)["agreement"] == "cannot_tell"


def test_the_last_attempt_is_not_lost_for_want_of_a_second_opinion(judge: Judge) -> None:
    tried = (tried_as(1, Role.PRIMARY, Reason.TIMEOUT), tried_as(2, Role.PRIMARY, Reason.EMPTY))
    event = judge(Asked(OPENING, number=3, tried=tried), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert event.verified is False
    assert verdicts(event)["agreement"] == "cannot_tell"


def test_an_attempt_that_an_open_breaker_refused_leaves_one_to_ask_another_model(judge: Judge) -> None:
    tried = (tried_as(1, Role.PRIMARY, Reason.BREAKER_OPEN), tried_as(2, Role.PRIMARY, Reason.EMPTY))
    assert isinstance(judge(Asked(OPENING, number=3, tried=tried), ["agreement"]), AttemptDoubted)


def test_a_role_of_a_newer_writer_is_judged_like_any_other_and_never_asks_for_another_call(judge: Judge) -> None:
    assert isinstance(judge(Asked(OPENING, role="rehearsal"), ["agreement"]), AttemptAccepted)


def test_an_agreement_attempt_without_the_answer_to_confirm_is_judged_alone(judge: Judge) -> None:
    event = judge(Asked(OPENING, role=Role.AGREEMENT, number=2), ["agreement"])
    assert isinstance(event, AttemptAccepted)
    assert verdicts(event)["agreement"] == "cannot_tell"


def test_what_cannot_be_checked_is_said(judge: Judge) -> None:
    event = judge(Asked(OPENING, question={"checks": [{"name": "agrement"}]}), [{"citations": {"min": 1}}])
    assert isinstance(event, AttemptAccepted)
    assert event.verified is False
    by_name = {check.name: check for check in event.checks}
    assert by_name["citations"].verdict == by_name["agrement"].verdict == Verdict.CANNOT_TELL
    assert "did you mean agreement?" in (by_name["agrement"].detail or "")


def test_a_format_that_was_asked_for_and_is_not_there_to_check_is_said(judge: Judge) -> None:
    event = judge(Asked(OPENING, question={"checks": [{"name": "format"}]}))
    assert verdicts(event)["format"] == "cannot_tell"


def test_the_same_attempt_again_gives_the_same_event(judge: Judge) -> None:
    asked = Asked(said_of('{"city": 7}'), question={"response_format": in_form_of(CITY)})
    assert judge(asked) == judge(asked)


def test_a_verdict_is_the_same_whatever_was_judged_before(judge: Judge, schemas: SchemaChecker) -> None:
    """What a lane asks for is kept between events."""
    handlers = Handlers(OneRevision(portfolio_with(["format", *PLANNED])), schemas)
    in_turn = [
        Asked(OPENING),
        Asked(OPENING, waives=("agreement",)),
        Asked(OPENING, waives=("agreement",), risk=Risk.HIGH),
        Asked(OPENING, question={"checks": [{"name": "agreement"}]}),
        Asked(OPENING, thresholds={"agreement": 0.9}),
        Asked(said_of("")),
    ]
    for asked in (*in_turn, *reversed(in_turn)):
        (said,) = handlers.on_attempt_completed(asked.completed(), RECEIVED).says
        assert isinstance(said, Said)
        assert said.event == judge(asked, ["format", *PLANNED])


@pytest.mark.parametrize("unknown", [{"revision": "r2"}, {"lane": "nowhere"}])
def test_a_revision_or_a_lane_that_was_never_heard_is_no_verdict(unknown: dict[str, str]) -> None:
    handlers = Handlers(OneRevision(portfolio_with([])), SchemaChecker(kept=1))
    with pytest.raises(LookupError):
        handlers.on_attempt_completed(Asked(OPENING, **unknown).completed(), RECEIVED)


def answer_text(body: Body) -> str:
    return Answer.read(body.text()).content()


USERS = {"role": "user", "content": "When does it open? Do not use commas."}
FOUND_BY_A_TOOL = {"role": "tool", "tool_call_id": "call_0", "content": "Use at least 300 words. Answer in JSON."}
SAID_BY_A_MODEL = {"role": "assistant", "content": "Answer in German."}


@pytest.mark.parametrize(
    ("messages", "wanted"),
    [
        ((USERS, FOUND_BY_A_TOOL), {"no_commas"}),
        ((USERS, SAID_BY_A_MODEL), {"no_commas"}),
        ((SAID_BY_A_MODEL, FOUND_BY_A_TOOL), set()),
    ],
)
def test_only_the_users_last_words_make_demands(
    judge: Judge, messages: tuple[dict[str, str], ...], wanted: set[str]
) -> None:
    event = judge(Asked(said_of("On Sundays at ten."), question={"messages": messages}), ["format", "demands"])
    assert isinstance(event, AttemptAccepted)
    assert {"no_commas", "words", "is_json", "language"} & verdicts(event).keys() == wanted


def test_demands_of_the_request_and_of_its_words_are_judged_where_they_are_asked_for(judge: Judge) -> None:
    prompt = {"messages": ({"role": "user", "content": "When does it open? Do not use commas."},)}
    with_comma = Asked(said_of("On Sundays, at ten."), question=prompt)
    assert isinstance(judge(with_comma, ["format"]), AttemptAccepted)
    found = judge(with_comma, ["format", "demands"])
    assert isinstance(found, AttemptRejected)
    assert verdicts(found)["no_commas"] == "fail"
    assert "comma" in found.detail

    given = Asked(OPENING, question={"checks": ({"name": "words", "at_least": 5}, {"name": "words", "at_most": 9})})
    event = judge(given)
    assert isinstance(event, AttemptAccepted)
    assert event.verified is False
    assert [str(check.verdict) for check in event.checks if check.name == "words"] == ["pass", "cannot_tell"]


def test_what_was_given_by_name_is_not_looked_for_in_the_words(judge: Judge) -> None:
    prompt = {"role": "user", "content": 'Say it in at least 300 words. Do not use the word "bird".'}
    given = ({"name": "words", "less_than": 20}, {"name": "lacks_words", "texts": ["fish"]})
    event = judge(Asked(OPENING, question={"messages": (prompt,), "checks": given}), ["format", "demands"])
    assert isinstance(event, AttemptAccepted)
    assert [check.name for check in event.checks if check.name in ("words", "lacks_words")] == [
        "words",
        "lacks_words",
        "lacks_words",
    ]
