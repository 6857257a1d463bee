"""Lines of batches, and batches, as they are told: in OpenAI's words, and read by its client's own types."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Batch as ClientsBatch
from openai.types import FileObject

from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.batch import (
    DIALECTS,
    Batch,
    BatchStatus,
    LineError,
    Tally,
    Times,
    batch_id_in,
    batch_id_of,
    batch_told,
    new_batch_of,
)
from services.gateway.domain.batch_line import (
    EXPIRED,
    LONGEST_PAUSE_S,
    Line,
    LineWrong,
    comes_again,
    ids_of,
    is_turned_away,
    line_of,
    pause_s,
    replied,
    tally_of,
    unanswered,
)
from services.gateway.domain.chat_request import WHOLE
from services.gateway.domain.dialect import OPENAI, RESPONSES, VECTORS
from services.gateway.domain.files import StoredFile, file_id_in, file_id_of, file_told, in_pieces, kept_s_in
from services.gateway.domain.line_problems import known_part
from services.gateway.domain.problems import (
    Problem,
    Refused,
    keys_away,
    never_taken,
    no_portfolio,
    over_load,
    over_pace,
    too_many,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASK = {"model": "auto", "messages": [{"role": "user", "content": "Where?"}]}


def raw(**told: Any) -> bytes:
    return json.dumps({"custom_id": "a", "method": "POST", "url": OPENAI.path, "body": ASK, **told}).encode()


def batch(**told: Any) -> Batch:
    facts: dict[str, Any] = {
        "id": uuid4(),
        "tenant": "one",
        "key_id": None,
        "status": BatchStatus.IN_PROGRESS,
        "endpoint": OPENAI.path,
        "input_file_id": uuid4(),
        "metadata": {},
        "created_at": NOON,
        "expires_at": NOON,
        "output_kept_s": None,
        "total": 3,
        "tally": Tally(1, 1, 12, 4, 3, 2),
        "times": Times(in_progress_at=NOON),
        "errors": (),
        "output_file_id": None,
        "error_file_id": None,
    }
    return Batch(**{**facts, **told})


def test_a_line_is_taken_as_its_route_takes_its_body() -> None:
    line = line_of(raw(), 7, OPENAI)
    assert (line.number, line.custom_id) == (7, "a")
    assert OPENAI.asked_of(line.body, uuid4()).submitted.messages == tuple(ASK["messages"])


@pytest.mark.parametrize(
    ("dialect", "body"),
    [(RESPONSES, {"model": "auto", "input": "Where?"}), (VECTORS, {"model": "auto", "input": ["one", "two"]})],
)
def test_other_endpoints_have_their_own_bodies(dialect: Any, body: dict[str, Any]) -> None:
    assert line_of(raw(url=dialect.path, body=body), 1, dialect).custom_id == "a"
    with pytest.raises(LineWrong):
        line_of(raw(url=dialect.path, body={"messages": []}), 1, dialect)


@pytest.mark.parametrize(
    ("told", "code", "param"),
    [
        (b"{", "invalid_json_line", None),
        (b"[]", "invalid_type", None),
        (raw(custom_id=""), "invalid_value", "custom_id"),
        (raw(method="GET"), "invalid_method", "method"),
        (raw(url="/v1/embeddings"), "url_mismatch", "url"),
        (raw(extra=1), "invalid_value", None),
        (raw(body={"model": "auto"}), "missing_required_parameter", "body.messages"),
        (raw(body={**ASK, "n": 2}), "unsupported_parameter", "body.n"),
        (raw(body={**ASK, "stream": True}), "invalid_value", "body.stream"),
    ],
)
def test_the_first_thing_wrong_is_named(told: bytes, code: str, param: str | None) -> None:
    with pytest.raises(LineWrong) as wrong:
        line_of(told, 3, OPENAI)
    assert (wrong.value.error.code, wrong.value.error.line, wrong.value.error.param) == (code, 3, param)
    assert wrong.value.error.message


SECRET = "My patient Jane Doe"
TOLD_BACK = [
    {SECRET: 1},
    {**ASK, SECRET: 1},
    {**ASK, "messages": [{"role": SECRET, "content": "Where?"}]},
    {**ASK, "messages": [{"role": "user", "content": [{"type": "text", SECRET: "a"}]}]},
    {**ASK, "tools": [{"type": SECRET}]},
    {**ASK, "response_format": {"type": SECRET}},
    {**ASK, "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": SECRET}}}},
    {**ASK, "portfolio": {SECRET: 1}},
    {**ASK, "temperature": SECRET},
    {**ASK, "tool_choice": SECRET},
]


@pytest.mark.parametrize("body", TOLD_BACK, ids=str)
def test_what_a_client_wrote_is_not_told_where_a_batch_is_kept(body: dict[str, Any]) -> None:
    with pytest.raises(LineWrong) as wrong:
        line_of(raw(body=body), 1, OPENAI)
    assert not any(word in str(wrong.value.error) for word in SECRET.split())
    assert (wrong.value.error.param or "").startswith("body")


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("body.messages[0].content[1].text", "body.messages[0].content[1].text"),
        ("body.messages[0].mine", "body.messages[0]"),
        ("body.response_format.mine[0].text", "body.response_format"),
        ("mine.body", ""),
        ("body.n", "body.n"),
    ],
)
def test_a_place_is_told_as_far_as_the_api_names_it(told: str, known: str) -> None:
    assert known_part(told) == known


@given(raw=st.binary(max_size=200))
def test_no_line_breaks_the_check(raw: bytes) -> None:
    try:
        line_of(raw, 1, OPENAI)
    except LineWrong as wrong:
        assert wrong.error.line == 1


def test_ids_follow_from_the_batch_its_line_and_its_try_alone() -> None:
    one = uuid4()
    first = list(islice(ids_of(one, 1, 0), 20))
    assert first == list(islice(ids_of(one, 1, 0), 20))
    others = [ids_of(one, 2, 0), ids_of(one, 1, 1), ids_of(uuid4(), 1, 0)]
    drawn = [*first, *(found for other in others for found in islice(other, 20))]
    assert len(set(drawn)) == 80


@pytest.mark.parametrize(
    ("refused", "again"),
    [
        (too_many(1), True),
        (no_portfolio(), True),
        (over_load("lane a"), True),
        (over_pace("mp-1", 9), True),
        (keys_away(), True),
        (never_taken("MessageSizeTooLargeError"), False),
        (Refused(Problem(401, "", "invalid_api_key", "")), False),
        (Refused(Problem(429, "", "insufficient_quota", "")), False),
        (Refused(Problem(400, "", "invalid_value", "")), False),
    ],
)
def test_what_passes_by_itself_is_tried_again(refused: Refused, again: bool) -> None:
    assert comes_again(refused.problem) is again


@given(tries=st.integers(1, 1_000), after=st.one_of(st.none(), st.integers(0, 10_000)))
def test_pauses_grow_and_stay_bounded(tries: int, after: int | None) -> None:
    problem = Problem(503, "", "", "", retry_after_s=after)
    assert 1 <= pause_s(problem, tries) <= pause_s(problem, tries + 1) <= LONGEST_PAUSE_S


def test_who_was_turned_away_and_paid_nothing_is_asked_anew(make_failed: Callable[..., RequestFailed]) -> None:
    assert is_turned_away(make_failed(uuid4(), reason="rate_limited", cost_usd="0"))
    assert not is_turned_away(make_failed(uuid4(), reason="rate_limited", cost_usd="0.01"))
    assert not is_turned_away(make_failed(uuid4(), reason="check_failed", cost_usd="0"))
    assert not is_turned_away(make_failed(uuid4(), reason="quota_spent", cost_usd="0"))


def test_what_became_of_a_line_has_openais_shape(
    make_completed: Callable[..., RequestCompleted], make_failed: Callable[..., RequestFailed]
) -> None:
    line, request_id = Line(1, "a", b"{}"), uuid4()
    good, bad = make_completed(request_id), make_failed(request_id)
    for end, status, is_error in ((good, 200, False), (bad, 502, True)):
        reply = OPENAI.reply_of(end, WHOLE)
        outcome = replied(line, request_id, reply, tally_of(end, reply))
        told = json.loads(outcome.text)
        assert outcome.text.endswith(b"\n")
        assert outcome.is_error is is_error
        assert sorted(told) == ["custom_id", "error", "id", "response"]
        assert (told["custom_id"], told["error"], told["response"]["status_code"]) == ("a", None, status)
        assert ("error" in told["response"]["body"]) is is_error
    outcome = unanswered(line, request_id, EXPIRED)
    told = json.loads(outcome.text)
    assert (told["response"], told["error"]["code"], outcome.is_error) == (None, "batch_expired", True)


@pytest.mark.parametrize("status", BatchStatus)
def test_openais_client_reads_every_batch(status: BatchStatus) -> None:
    errors = [LineError("empty_file", "nothing"), LineError("invalid_value", "what", 3, "body.n")]
    told = ClientsBatch.model_validate(batch_told(batch(status=status, errors=errors)), strict=True)
    assert told.errors is not None
    assert [each.line for each in told.errors.data or ()] == [None, 3]
    assert told.request_counts is not None
    assert (told.request_counts.total, told.request_counts.failed) == (3, 1)
    assert told.usage is not None
    assert (told.usage.total_tokens, told.usage.input_tokens_details.cached_tokens) == (15, 4)


def test_openais_client_reads_every_file() -> None:
    stored = StoredFile(uuid4(), "one", "batch", "a.jsonl", 5, NOON, NOON)
    told = FileObject.model_validate(file_told(stored), strict=True)
    assert (told.id, told.bytes, told.purpose) == (file_id_of(stored.id), 5, "batch")


@given(found=st.uuids())
def test_ids_are_read_as_they_are_told(found: UUID) -> None:
    assert file_id_in(file_id_of(found)) == found
    assert batch_id_in(batch_id_of(found)) == found


@pytest.mark.parametrize("told", ["", "file-", "file-" + "g" * 32, "batch_" + "0" * 31, "../../x"])
def test_any_other_id_is_of_nothing(told: str) -> None:
    for read in (file_id_in, batch_id_in):
        with pytest.raises(Refused) as refused:
            read(told)
        assert refused.value.problem.status == 404


def test_a_file_is_kept_as_long_as_is_asked_and_no_longer_than_all() -> None:
    asked = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "7200"}
    assert kept_s_in({}, 86_400) == 86_400
    assert kept_s_in(asked, 86_400) == 7_200
    assert kept_s_in({**asked, "expires_after[seconds]": "2592000"}, 86_400) == 86_400
    for wrong in ({"expires_after[anchor]": "created_at"}, {**asked, "expires_after[seconds]": "1"}):
        with pytest.raises(Refused):
            kept_s_in(wrong, 86_400)


def test_every_endpoint_of_batches_may_be_asked_for() -> None:
    for endpoint in DIALECTS:
        body = {"input_file_id": "file-1", "endpoint": endpoint, "completion_window": "24h"}
        assert new_batch_of(json.dumps(body).encode()).endpoint == endpoint


@given(content=st.binary(max_size=60), most=st.integers(1, 20))
def test_content_is_cut_into_pieces_that_are_all_of_it(content: bytes, most: int) -> None:
    pieces = in_pieces(content, most)
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= most for piece in pieces)
