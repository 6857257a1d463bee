"""What a judge is told: the answer as a quotation, whatever it says, and the second time in the other order."""

import json
from hashlib import sha256
from typing import Any

import pytest
from dispatches import dispatched
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import Tried
from schemas.check_settings import Judging
from schemas.content import Answer, Question, body_of
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason, Role
from services.model_worker.domain.judge_prompt import MOST_TOKENS, REPLY_SCHEMA, VERSIONS, judging_question, messages_of
from services.model_worker.domain.preparation import Prepared, prepare

ASKED = "When does the shop open?"
JUDGING = Judging(ask=("large",), criteria=("It is true.", "It is short."))


def told(question: str, answer: str, *, turned: bool = False) -> tuple[str, str]:
    """What a judge is told, and what it is shown."""
    asked = Question.of({"messages": [{"role": "user", "content": question}]})
    said = Answer(message={"role": "assistant", "content": answer}, finish_reason="stop")
    system, user = messages_of(asked, said, JUDGING, turned)
    return system["content"], user["content"]


@given(question=st.text(min_size=1), answer=st.text())
def test_whatever_is_said_stays_a_line_of_json_between_marks(question: str, answer: str) -> None:
    _, shown = told(question, answer)
    lines = shown.split("\n")
    mark = lines[0].removeprefix("[").split(" ", 1)[0]
    assert lines[0] == f"[{mark} conversation]"
    assert [line for line in lines if mark in line] == [
        f"[{mark} conversation]",
        f"[{mark} end]",
        f"[{mark} answer]",
        f"[{mark} end]",
    ]
    assert [json.loads(lines[1])["content"], json.loads(lines[4])["content"]] == [question, answer]


def test_an_answer_cannot_know_the_mark_that_it_is_shown_between() -> None:
    first, _ = told(ASKED, "At ten.")
    second, shown = told(ASKED, first)
    assert first != second, "the mark follows from what is shown"
    assert "quotation" in second
    assert "\n[" in shown


def test_the_second_look_is_told_the_same_in_the_other_order() -> None:
    (rising, shown), (falling, shown_again) = told(ASKED, "At ten."), told(ASKED, "At ten.", turned=True)
    assert shown == shown_again
    assert rising.index("It is true.") < rising.index("It is short.")
    assert falling.index("It is short.") < falling.index("It is true.")
    assert rising.index("1 (useless") < rising.index("10 (right")
    assert falling.index("10 (right") < falling.index("1 (useless")


@pytest.mark.parametrize(
    ("before", "turned"),
    [([], False), ([Reason.TIMEOUT], False), ([Reason.JUDGED_GOOD], True), ([Reason.JUDGED_BAD], True)],
)
def test_a_look_is_turned_once_another_has_told_a_grade(before: list[Reason], turned: bool) -> None:
    primary = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="acme", reason=Reason.UNJUDGED)
    looks = [
        Tried(number=number, role=Role.JUDGE, tier=0, model="large", provider="acme", reason=reason)
        for number, reason in enumerate(before, start=2)
    ]
    answer = Answer(message={"role": "assistant", "content": "At ten."}, finish_reason="stop")
    event = dispatched().model_copy(update={"tried": (primary, *looks), "doubted": body_of(answer.to_json())})
    question = judging_question(event, JUDGING, takes_json=True, reasons=False)
    system, form = question.messages[0]["content"], question.response_format
    assert (system.index("1 (useless") > system.index("10 (right")) is turned
    assert form is not None
    assert form["json_schema"]["schema"] == REPLY_SCHEMA
    assert judging_question(event, JUDGING, takes_json=False, reasons=False).response_format is None


@pytest.mark.parametrize(
    ("model", "word", "is_sure"),
    [("gpt-5-mini", "max_completion_tokens", False), ("gpt-4o", "max_completion_tokens", True)],
)
def test_a_judge_at_openai_is_asked_in_the_words_that_its_model_takes(model: str, word: str, is_sure: bool) -> None:
    entries = {"openai": {"adapter": "openai_compatible", "base_url": "https://api.openai.com/v1"}}
    payload = judged_at(entries, model)
    assert ("temperature" in payload) is is_sure
    assert (payload[word] == MOST_TOKENS) is is_sure
    assert payload[word] >= MOST_TOKENS
    assert "max_tokens" not in payload


def test_a_judge_elsewhere_is_asked_in_the_older_word() -> None:
    entries = {"openai": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:8000/v1"}}
    payload = judged_at(entries, "llama")
    assert (payload["max_tokens"], payload["temperature"]) == (MOST_TOKENS, 0)
    assert "max_completion_tokens" not in payload


def judged_at(providers: dict[str, Any], name: str) -> dict[str, Any]:
    """The payload of a judge's look at a model of this name there."""
    endpoint = {"provider": "openai", "model": name, "price": {"input": "1", "output": "1"}}
    model = {"kind": "api", "owner": "x", "context_tokens": 9_000, "abilities": ["chat"], "endpoints": [endpoint]}
    portfolio = Portfolio.of(
        {
            "defaults": {"data_class": "internal", "lane": "simple"},
            "providers": providers,
            "models": {"large": model},
            "lanes": {"simple": {"tiers": [["large"]], "checks": [{"judge": {"ask": ["large"]}}]}},
        }
    )
    event = dispatched()
    answer = Answer(message={"role": "assistant", "content": "At ten."}, finish_reason="stop")
    attempt = event.attempt.model_copy(update={"role": Role.JUDGE, "model": "large", "provider": "openai"})
    request = event.request.model_copy(update={"lane": "simple"})
    changed = {"attempt": attempt, "request": request, "doubted": body_of(answer.to_json())}
    prepared = prepare(event.model_copy(update=changed), portfolio, lambda name: None)
    assert isinstance(prepared, Prepared)
    return prepared.call.payload


def test_of_a_picture_a_judge_is_told_that_it_is_there() -> None:
    parts = [{"type": "text", "text": ASKED}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    asked = Question.of({"messages": [{"role": "user", "content": parts}]})
    answer = Answer(message={"role": "assistant", "content": "At ten."}, finish_reason="stop")
    shown = messages_of(asked, answer, JUDGING, turned=False)[1]["content"]
    assert "image_url" in shown
    assert "base64" not in shown


def test_a_version_of_the_prompt_stays_as_it_was() -> None:
    """Grades of one version are compared with a threshold that was learned for it: write a new version instead."""
    assert {name: sha256(text.encode()).hexdigest()[:12] for name, text in VERSIONS.items()} == {"1": "30ec3f8ab4bb"}
