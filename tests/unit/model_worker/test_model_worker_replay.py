"""Recorded answers, and the registry that builds adapters from the portfolio's entries."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dispatches import HELLO

from schemas.content import Answer, fingerprint
from schemas.providers import Provider
from schemas.vocabulary import Reason
from services.model_worker.adapters.openai_compatible import OpenAICompatible
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.replay import AnswersUnreadable, Replay, recordings_of
from services.model_worker.domain.calls import Answered, Call, CallFailed
from services.model_worker.domain.variables import VariableMissing

FINGERPRINT = fingerprint(HELLO, None, None)


def line(*answers: Any, model: str = "small", **asked: Any) -> str:
    request = {"messages": list(HELLO), **asked}
    return json.dumps({"request": request, "model": model, "answers": list(answers)})


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}, **more}


async def text_of(replay: Replay, call: Call, nth: int) -> str:
    outcome = await replay.call(replace(call, fingerprint=FINGERPRINT, nth=nth))
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    return outcome.answer.content()


async def test_a_model_that_is_asked_again_gives_its_next_answer_and_the_last_repeats(call: Call) -> None:
    replay = Replay(recordings_of([line(said("first")), "", line(said("second"))], "answers.jsonl"))
    assert [await text_of(replay, call, nth) for nth in range(4)] == ["first", "second", "second", "second"]


async def test_recorded_usage_and_latency_are_given_again(call: Call) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    replay = Replay(recordings_of([line(said("x", finish_reason="length", usage=usage, latency_ms=870))], "a"))
    outcome = await replay.call(replace(call, fingerprint=FINGERPRINT))
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert outcome.latency_ms == 870
    assert outcome.answer.finish_reason == "length"
    assert (outcome.usage.input_tokens, outcome.usage.cached_input_tokens, outcome.usage.estimated) == (20, 8, False)
    assert outcome.answered_by == "acme-small-2026"


async def test_absent_usage_is_estimated(call: Call) -> None:
    replay = Replay(recordings_of([line(said("12345"))], "a"))
    outcome = await replay.call(replace(call, fingerprint=FINGERPRINT))
    assert isinstance(outcome, Answered)
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.estimated) == (8, 2, True)


async def test_what_is_not_recorded_fails_and_says_for_which_model(call: Call) -> None:
    replay = Replay(recordings_of([line(said("x"), model="other"), line(said("x"), tools=[{"a": 1}])], "a"))
    outcome = await replay.call(replace(call, fingerprint=FINGERPRINT))
    assert isinstance(outcome, CallFailed)
    assert outcome.reason is Reason.NO_RECORDED_ANSWER
    assert "small" in outcome.detail


def test_what_is_held_is_told_by_model() -> None:
    replay = Replay(recordings_of([line(said("x")), line(said("x"), model="other")], "a"))
    assert replay.holds == {"small": (FINGERPRINT,), "other": (FINGERPRINT,)}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("{", "line 2"),
        (line(), "line 2: answers"),
        ('{"model": "small", "answers": [{"message": {}}]}', "line 2: request"),
        (line({"message": "text"}), "line 2: answers.0.message"),
        (line(said("x", latency_ms=-1)), "line 2: answers.0.latency_ms"),
    ],
)
def test_a_bad_line_is_named_with_its_field(bad: str, told: str) -> None:
    with pytest.raises(AnswersUnreadable) as raised:
        recordings_of([line(said("x")), bad], "answers.jsonl")
    assert f"answers.jsonl, {told}" in str(raised.value)


def registry(**environ: str) -> Providers:
    return Providers("acme", environ, 10_000)


def entry(**fields: Any) -> Provider:
    return Provider.of(fields)


async def test_a_replaying_provider_reads_its_file_where_the_variable_says(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(line(said("x")) + "\n")
    providers = registry(ANSWERS_DIR=str(tmp_path))
    adapter = await providers.adapter_of(entry(adapter="replay", answers="${ANSWERS_DIR}/answers.jsonl"))
    assert adapter.holds == {"small": (FINGERPRINT,)}
    with pytest.raises(AnswersUnreadable, match="FileNotFoundError"):
        await providers.adapter_of(entry(adapter="replay", answers="${ANSWERS_DIR}/none.jsonl"))


async def test_one_adapter_an_entry() -> None:
    providers = registry(ACME_URL="http://127.0.0.1:9")
    first = entry(adapter="openai_compatible", base_url="${ACME_URL}")
    again = entry(adapter="openai_compatible", base_url="${ACME_URL}")
    changed = entry(adapter="openai_compatible", base_url="${ACME_URL}/v2")
    adapter = await providers.adapter_of(first)
    assert isinstance(adapter, OpenAICompatible)
    assert await providers.adapter_of(again) is adapter
    assert await providers.adapter_of(changed) is not adapter
    await providers.close()


@pytest.mark.parametrize(
    ("environ", "variable"), [({}, "ACME_URL"), ({"ACME_URL": "http://127.0.0.1:9"}, "ACME_API_KEY")]
)
async def test_what_the_environment_lacks_is_named(environ: dict[str, str], variable: str) -> None:
    with pytest.raises(VariableMissing) as raised:
        await registry(**environ).adapter_of(
            entry(adapter="openai_compatible", base_url="${ACME_URL}", api_key_env="ACME_API_KEY")
        )
    assert raised.value.variable == variable
