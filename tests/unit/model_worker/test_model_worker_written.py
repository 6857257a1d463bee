"""Answers that are written bit by bit: what a stream comes to, what is told of it, and what is held meanwhile."""

import asyncio
import json
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from dispatches import dispatched
from hypothesis import given
from hypothesis import strategies as st
from scripted_provider import ScriptedProvider

from schemas.content import Answer, Json
from schemas.streamed import AnswerStreamed
from schemas.vocabulary import Reason, Role
from services.model_worker.adapters.live_answers import LiveAnswers
from services.model_worker.adapters.openai_compatible import OpenAICompatible
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed, Outcome
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.written import EventLines, Stream, Written

MOST_BYTES = 20_000
USAGE = {"prompt_tokens": 12, "completion_tokens": 3}
Told = list[Json]
HALF_A_CHARACTER = "\ud83d"


def event(**document: Any) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def chunk(finish_reason: str | None = None, **delta: Any) -> bytes:
    return event(model="acme-1", choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])


END = chunk("stop") + event(choices=[], usage=USAGE) + b"data: [DONE]\n\n"


def streams(provider: ScriptedProvider, *parts: bytes, cut: bool = False) -> None:
    """Answer with these parts of a body; ``cut``: the connection ends after them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if cut and request.transport is not None:
            request.transport.close()
        return response

    provider.answer = answer


async def called(provider: ScriptedProvider, call: Call, told: Told) -> Outcome:
    adapter = OpenAICompatible(provider.url, None, MOST_BYTES)
    try:
        return await adapter.call(call, told.append)
    finally:
        await adapter.close()


async def failed(provider: ScriptedProvider, call: Call) -> CallFailed:
    outcome = await called(provider, call, [])
    assert isinstance(outcome, CallFailed)
    return outcome


@given(
    lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)),
    cuts=st.lists(st.integers(0, 400)),
)
def test_events_are_the_same_however_their_bytes_come(lines: list[str], cuts: list[int]) -> None:
    raw = b"".join(b": a comment\r\nevent: chunk\r\ndata: %s\r\n\r\n" % line.encode() for line in lines)
    ends = sorted({min(cut, len(raw)) for cut in cuts} | {0, len(raw)})
    reader = EventLines()
    found = [data for start, end in pairwise(ends) for data in reader.feed(raw[start:end])]
    assert [data.decode() for data in found] == lines


@given(texts=st.lists(st.text(max_size=20)), batches=st.integers(1, 4))
def test_batches_together_tell_what_the_deltas_tell(texts: list[str], batches: int) -> None:
    whole = Written()
    parts = [Written() for _ in range(batches)]
    for number, text in enumerate(texts):
        parts[number * batches // len(texts)].add(whole.add({"content": text}))
    assert "".join(part.delta().get("content", "") for part in parts) == (whole.message()["content"] or "")


async def test_a_stream_comes_to_what_a_whole_answer_would_and_is_told_on_the_way(
    provider: ScriptedProvider, call: Call
) -> None:
    streams(
        provider, b": hello\n\n" + chunk(role="assistant", content=""), chunk(content="Yes"), chunk(content="."), END
    )
    told: Told = []
    outcome = await called(provider, call, told)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert outcome.answer.message == {"role": "assistant", "content": "Yes."}
    assert (outcome.answer.finish_reason, outcome.answered_by) == ("stop", "acme-1")
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.estimated) == (12, 3, False)
    assert told == [{"content": "Yes"}, {"content": "."}]
    asked = json.loads(provider.bodies[0])
    assert asked == {**call.payload, "stream": True, "stream_options": {"include_usage": True}}


async def test_tool_calls_are_put_together_with_or_without_an_index(provider: ScriptedProvider, call: Call) -> None:
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"a"'}}
    unnumbered = {"id": "c2", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    streams(
        provider,
        chunk(tool_calls=[first]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        chunk("tool_calls", tool_calls=[unnumbered]),
        END,
    )
    told: Told = []
    outcome = await called(provider, call, told)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    calls = outcome.answer.message["tool_calls"]
    assert [(each["id"], each["function"]["arguments"]) for each in calls] == [("c1", '{"a": 1}'), ("c2", "{}")]
    assert [delta["tool_calls"][0]["index"] for delta in told] == [0, 0, 1]


async def test_a_provider_that_does_not_stream_is_read_whole(provider: ScriptedProvider, call: Call) -> None:
    message = {"role": "assistant", "content": "Yes."}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE}
    provider.says(json.dumps(whole), **{"Content-Type": "application/json"})
    told: Told = []
    outcome = await called(provider, call, told)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert (outcome.answer.content(), told) == ("Yes.", [])


@pytest.mark.parametrize(
    ("parts", "cut", "reason", "says"),
    [
        ((chunk(content="Ye"),), True, Reason.PROVIDER_ERROR, "broke"),
        ((chunk(content="Ye"),), False, Reason.PROVIDER_ERROR, "broke off in the middle"),
        (
            (chunk(content="Ye"), event(error={"message": "overloaded"})),
            False,
            Reason.PROVIDER_ERROR,
            "while it answered",
        ),
        ((b"data: <html>\n\n",), False, Reason.BAD_ANSWER, "not JSON"),
        ((b"data: {}\n\n" * MOST_BYTES,), False, Reason.BAD_ANSWER, "larger than"),
    ],
)
async def test_a_stream_that_goes_wrong_is_a_failure_that_may_have_been_billed(
    provider: ScriptedProvider, call: Call, parts: tuple[bytes, ...], cut: bool, reason: Reason, says: str
) -> None:
    streams(provider, *parts, cut=cut)
    failure = await failed(provider, call)
    assert (failure.reason, failure.billed) == (reason, Billed.UNKNOWN)
    assert says in failure.detail


def claim(fence: int = 1) -> Claim:
    return Claim(uuid4(), fence, b"", "00-1-2-01", 20.0, fence > 1, taken_at=0.0)


def live(**attempt: Any) -> Any:
    event = dispatched()
    asked = event.request.model_copy(update={"live": True})
    return event.model_copy(update={"request": asked, "attempt": event.attempt.model_copy(update=attempt)})


def test_what_a_call_tells_is_said_in_numbered_chunks_and_then_forgotten() -> None:
    answers, mine = LiveAnswers(), claim(fence=2)
    with answers.of(mine, live()) as tell:
        assert tell is not None
        tell({"content": "Yes"})
        tell({"content": ", "})
        [(first, said, trace)] = answers.take()
        tell({"content": "it is"})
    [(second, *_)] = answers.take()
    assert [event.delta for event in (first, second)] == [{"content": "Yes, "}, {"content": "it is"}]
    assert [(event.attempt_id, event.fence, event.sequence) for event in (first, second)] == [
        (mine.attempt_id, 2, 0),
        (mine.attempt_id, 2, 1),
    ]
    assert (trace, AnswerStreamed.read(said)) == ("00-1-2-01", first)
    assert (answers.take(), answers.said) == ([], 2)


@pytest.mark.parametrize("event", [dispatched(), live(role=Role.AGREEMENT), live(role=Role.REPAIR)])
def test_nothing_is_told_of_another_look_or_where_nobody_reads(event: Any) -> None:
    with LiveAnswers().of(claim(), event) as tell:
        assert tell is None


def test_more_than_is_held_is_cut_and_not_taken_up_again() -> None:
    answers = LiveAnswers(most_held=10)
    with answers.of(claim(), live()) as tell:
        assert tell is not None
        for _ in range(1_000):
            tell({"content": "four"})
        [(chunk, *_)] = answers.take()
        tell({"content": "more"})
    assert (chunk.delta, answers.take(), answers.cut) == ({"content": "fourfour"}, [], 1)


def test_what_json_cannot_hold_ends_its_own_telling_and_no_other() -> None:
    answers = LiveAnswers()
    with answers.of(claim(), live()) as tell, answers.of(claim(), live()) as other:
        assert tell is not None
        assert other is not None
        tell({"content": HALF_A_CHARACTER})
        other({"content": "Yes"})
        [(chunk, *_)] = answers.take()
        tell({"content": "more"})
    assert (chunk.delta, answers.take(), answers.cut, answers.said) == ({"content": "Yes"}, [], 1, 1)


TEXTS = st.text() | st.just(HALF_A_CHARACTER)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["index", "id", "name"]), inner),
    max_leaves=6,
)
PART = st.fixed_dictionaries({}, optional=dict.fromkeys(("index", "id", "type", "function"), ANYTHING))
DELTA = st.fixed_dictionaries(
    {}, optional={"content": TEXTS | ANYTHING, "refusal": ANYTHING, "tool_calls": st.lists(PART, max_size=2) | ANYTHING}
)


@given(st.lists(DELTA | ANYTHING, max_size=4))
def test_whatever_a_provider_streams_can_be_said(deltas: list[Any]) -> None:
    answers = LiveAnswers()
    with answers.of(claim(), live()) as tell:
        assert tell is not None
        stream = Stream(tell)
        for delta in deltas:
            assert stream.take(json.dumps({"choices": [{"delta": delta}]}).encode()) is None
        said = [AnswerStreamed.read(data) for _, data, _ in answers.take()]
    assert answers.cut == 0
    assert all(event.delta for event in said)


async def test_one_byte_at_a_time_is_told_as_it_comes(provider: ScriptedProvider, call: Call) -> None:
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for byte in chunk(content="Yes"):
            await response.write(bytes([byte]))
        await asked.wait()
        await response.write(END)
        return response

    provider.answer = answer
    adapter = OpenAICompatible(provider.url, None, MOST_BYTES)
    told: Told = []

    def tell(delta: Json) -> None:
        told.append(delta)
        asked.set()

    outcome = await asyncio.wait_for(adapter.call(call, tell), 10)
    await adapter.close()
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert (told, outcome.answer.content()) == ([{"content": "Yes"}], "Yes")


async def test_a_provider_that_keeps_its_connection_open_has_answered_all_the_same(
    provider: ScriptedProvider, call: Call
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(chunk(content="Seven.") + END)
        await asyncio.Event().wait()
        return response

    provider.answer = answer
    async with asyncio.timeout(30):
        outcome = await called(provider, call, [])
    assert isinstance(outcome, Answered)


def test_what_comes_in_pieces_of_a_list_is_one_list() -> None:
    written = Written()
    for piece in ({"type": "thinking", "thinking": "7"}, {"type": "thinking", "thinking": "!"}):
        written.add({"thinking_blocks": [piece]})
    assert [each["thinking"] for each in written.message()["thinking_blocks"]] == ["7", "!"]
