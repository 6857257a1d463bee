"""Empty, cut off, refused."""

import pytest
from answered_attempts import a_call, said_of

from schemas.attempt import Usage
from schemas.content import Answer
from schemas.vocabulary import Reason, Verdict
from services.validator.domain.delivery import not_cut_off, not_empty
from services.validator.domain.refusal import is_refusal, not_refused


def answer(message: dict, finish_reason: str = "stop") -> Answer:
    return Answer(message=message, finish_reason=finish_reason)


@pytest.mark.parametrize(
    "content", ["", "  \n\t ", "\u200b\u200d", "\u00a0\u200b\u3000", None, [], [{"type": "text"}], [7]]
)
def test_nothing_said_is_empty(content: object) -> None:
    result = not_empty(answer(said_of(content)))
    assert (result.verdict, result.reason) == (Verdict.FAIL, Reason.EMPTY)


@pytest.mark.parametrize(
    "message",
    [
        said_of("0"),
        said_of([{"type": "text", "text": "ten"}]),
        said_of(None, tool_calls=[a_call("open", {})]),
        said_of(None, refusal="no"),
        said_of(None, audio={"id": "a1"}),
    ],
)
def test_anything_said_is_not_empty(message: dict) -> None:
    assert not_empty(answer(message)).verdict == Verdict.PASS


def test_a_cut_answer_names_the_limit_that_cut_it() -> None:
    result = not_cut_off(answer(said_of("On Sun"), "length"), Usage(output_tokens=16), {"max_tokens": 16})
    assert (result.verdict, result.reason) == (Verdict.FAIL, Reason.CUT_OFF)
    assert "limit of 16 tokens" in (result.detail or "")


@pytest.mark.parametrize("finish_reason", ["stop", "tool_calls", "a_word_of_tomorrow"])
def test_an_answer_that_ended_by_itself_is_whole(finish_reason: str) -> None:
    assert not_cut_off(answer(said_of("ten"), finish_reason), Usage(), {}).verdict == Verdict.PASS


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I\u2019m sorry, but I can\u2019t help with that.",
        "Sorry, I cannot help you with this.",
        "I cannot fulfill your request.",
        "I can't comply with that.",
        "I'm unable to answer this question, as it goes against my guidelines.",
        "As an AI language model, I cannot provide medical advice.",
        "I apologize, but I am not able to generate that content.",
        "Unfortunately, I can't provide information on that topic.",
        "I'm sorry, but I don't feel comfortable creating a song about such a scenario. Perhaps another idea?",
        "I won't do that.",
        "Es tut mir leid, aber ich kann dir dabei nicht helfen.",
        "Désolé, mais je ne peux pas vous aider avec cela.",
        "Lo siento, pero no puedo ayudar con eso.",
    ],
)
def test_a_model_that_declines_is_heard(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't find any mistake in your code: it runs as it stands.",
        "I cannot recommend this museum enough.",
        "You can't open a PDF with that program, but you can with this one.",
        "I'm so sorry to hear about your friend. I can't imagine how you feel.",
        "I'm sorry, but I can't come to the party on Friday: I am travelling.",
        "I cannot attend the meeting; could we meet on Monday instead?",
        "Dear customer, I'm sorry, but I cannot help you with a refund after thirty days.",
        "I'm sorry, but you didn't provide a sentence. Please send one.",
        "As an AI, I don't have a favourite film, but many people name The Third Man.",
        "I'm sorry, but I can't write it without the letter e. Here is a version with it: Eel eats eel.",
        'The translation is: "I cannot help you with that."',
        "No.",
        "It cannot be known from what is given whether a is 20.",
        "I'm unable to find a train before six; the first one leaves at 6:12.",
        "I cannot help but smile when I think of it.",
    ],
)
def test_an_answer_that_only_sounds_like_it_is_left_alone(text: str) -> None:
    assert not is_refusal(text)


def test_a_long_answer_that_opens_with_an_excuse_is_an_answer() -> None:
    assert not is_refusal("I'm sorry, but I can't help with that part. " + "What I can say is this. " * 60)


def test_a_call_beside_an_excuse_is_an_answer() -> None:
    message = said_of("I can't help with that.", tool_calls=[a_call("ask_a_person", {})])
    assert not_refused(answer(message)).verdict == Verdict.PASS


@pytest.mark.parametrize(
    ("message", "finish_reason"), [(said_of(None, refusal="No."), "stop"), (said_of("Half of it"), "content_filter")]
)
def test_the_providers_own_marks_count(message: dict, finish_reason: str) -> None:
    result = not_refused(answer(message, finish_reason))
    assert (result.verdict, result.reason) == (Verdict.FAIL, Reason.REFUSED)


def test_an_empty_refusal_field_is_none() -> None:
    assert not_refused(answer(said_of("ten", refusal=""))).verdict == Verdict.PASS
