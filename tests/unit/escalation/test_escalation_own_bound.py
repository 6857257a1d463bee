"""An answer that the client's own bound cut off: given at once, where no other model's would be any better."""

import json
from typing import Any

import pytest
from setbacks import asking, attempt, handlers, said
from test_escalation_at_hand import ANSWER, BETTER, PEOPLE, UNDECIDED, received

from schemas.attempt import AtHand, AttemptRejected, CheckResult, Cost, Usage
from schemas.content import Body, body_of
from schemas.example_request import SMALL, question
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.recall import CheckSummary
from schemas.vocabulary import Action, Reason, Risk, Status, Verdict

CUT = Usage(input_tokens=700, output_tokens=5)


def answered(content: str, **more: str) -> Body:
    message = {"role": "assistant", "content": content, **more}
    return body_of(json.dumps({"message": message, "finish_reason": "length"}).encode())


def cut_off(
    *checks: str,
    own: int | None = 5,
    at_hand: AtHand | None = None,
    usage: Usage = CUT,
    answer: Body = BETTER,
    needs: tuple[str, ...] = (),
    **request: Any,
) -> AttemptRejected:
    """The only tier's answer reached a limit."""
    asked = asking(**{"risk": Risk.LOW, "max_attempts": 1} | request)
    profile = asked.profile.model_copy(update={"most_output_tokens": own, "needs": needs})
    return AttemptRejected(
        request=asked.model_copy(update={"profile": profile}),
        attempt=attempt(),
        body=question(),
        answer=answer,
        checks=tuple(CheckResult(name=name, verdict=Verdict.FAIL) for name in checks or ("not_cut_off",)),
        reason=Reason.CUT_OFF,
        detail="the answer was cut off",
        usage=usage,
        cost=Cost(micro_usd=40),
        latency_ms=9,
        at_hand=at_hand,
    )


def test_an_answer_as_long_as_its_client_let_it_be_is_given_where_no_whole_one_comes() -> None:
    end = said(handlers().on_attempt_rejected(cut_off(), received()))

    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model, end.usage) == (Status.UNVERIFIED, SMALL.model, CUT)
    assert [(check.name, check.verdict) for check in end.checks] == [("not_cut_off", "fail")]


def test_it_is_given_at_once_for_a_stronger_models_would_be_cut_off_there_too() -> None:
    end = said(handlers(reviews=PEOPLE).on_attempt_rejected(cut_off(max_attempts=5), received()))

    assert isinstance(end, RequestCompleted)
    assert (end.status, end.attempts, end.answer) == (Status.UNVERIFIED, 1, json.loads(BETTER.text()))


@pytest.mark.parametrize(
    ("event", "lane"),
    [
        (cut_off(max_attempts=5), {"on_fail": {"cut_off": "up"}}),
        (cut_off(max_attempts=5), {"on_fail": {"cut_off": "sideways"}}),
        (cut_off(max_attempts=5, usage=CUT.model_copy(update={"reasoning_tokens": 3})), {}),
        (cut_off(max_attempts=5, answer=answered("<think>\nOkay, the")), {}),
        (cut_off(max_attempts=5, answer=answered("The", reasoning_content="They ask for")), {}),
        (cut_off(max_attempts=5, needs=("tools",)), {}),
        (cut_off(max_attempts=5, own=256, usage=CUT.model_copy(update={"output_tokens": 256})), {}),
    ],
    ids=[
        "a lane wishes it",
        "a lane wishes for another of the tier, where there is none",
        "reasoning took most of the bound",
        "it thinks aloud still",
        "it has thought for longer than it wrote",
        "tools are offered",
        "the bound is ample",
    ],
)
def test_a_whole_answer_is_looked_for_first_where(event: AttemptRejected, lane: dict[str, Any]) -> None:
    up = said(handlers(**lane).on_attempt_rejected(event, received()))

    assert isinstance(up, RequestEscalated)
    assert up.action == Action.UP
    check = CheckSummary(name="not_cut_off", verdict=Verdict.FAIL)
    assert up.at_hand == AtHand(number=1, answer=event.answer, check=check)


@pytest.mark.parametrize("checks", [("not_cut_off", "schema"), ("not_empty", "not_cut_off")])
def test_what_fails_another_check_is_no_answer_and_a_stronger_model_may_be_briefer(checks: tuple[str, ...]) -> None:
    up = said(handlers().on_attempt_rejected(cut_off(*checks, max_attempts=5), received()))

    assert isinstance(up, RequestEscalated)
    assert (up.action, up.at_hand) == (Action.UP, None)


@pytest.mark.parametrize(
    "event",
    [
        cut_off(own=None),
        cut_off(own=6),
        cut_off("not_cut_off", "schema"),
        cut_off(risk=Risk.HIGH),
    ],
    ids=["by the model's own limit", "before the client's bound", "and of the wrong form", "at high risk"],
)
def test_any_other_answer_that_was_cut_off_is_none(event: AttemptRejected) -> None:
    end = said(handlers().on_attempt_rejected(event, received()))

    assert isinstance(end, RequestFailed)
    assert end.reason == Reason.CUT_OFF


def test_one_that_was_cut_off_takes_no_whole_ones_place() -> None:
    whole = AtHand(number=1, answer=ANSWER, check=UNDECIDED.check)
    end = said(handlers().on_attempt_rejected(cut_off(at_hand=whole), received()))

    assert isinstance(end, RequestCompleted)
    assert end.answer == {"message": {"role": "assistant", "content": "94.40"}, "finish_reason": "stop"}
