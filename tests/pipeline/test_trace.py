"""One request is one trace, through Kafka, leases, repairs and timers: read from Jaeger where it is built."""

import os
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from pipeline.document import SILENT
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, fails, says
from pipeline.spans import Collector, Jaeger
from pipeline.stack import Pipeline
from pipeline.traces import ATTEMPT_TIMER, CALL, REQUEST_TIMER, Name, assert_connected, hears, whole_trace

TRACE_ID, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ONCE: Counter[Name] = (
    hears("profiler", request_submitted=1)
    + hears("router", request_profiled=1)
    + hears("escalation", request_profiled=1)
    + hears("ledger", request_profiled=1)
)
"""What every request that is served makes. The ledger makes one span, whatever it hears."""

ANSWERED = hears("escalation", attempt_accepted=1) + hears("gateway", request_completed=1)


def attempts(calls: int, answers: int, dispatches: int | None = None) -> Counter[Name]:
    """What so many attempts make: dispatched, called, and answered."""
    dispatched = calls if dispatches is None else dispatches
    return (
        hears("model_worker", attempt_dispatched=calls)
        + Counter({CALL: calls})
        + hears("escalation", attempt_dispatched=dispatched)
        + hears("validator", attempt_completed=answers)
    )


MENDED = (
    ONCE
    + attempts(calls=2, answers=2)
    + hears("escalation", attempt_rejected=1)
    + hears("router", request_escalated=1)
    + ANSWERED
)


@pytest.fixture(autouse=True, scope="module")
def _jaeger_in_ci(collector: Collector) -> None:
    if os.environ.get("CI") == "true" and not isinstance(collector, Jaeger):
        pytest.fail("in CI the traces are read from Jaeger: build it before, with `make jaeger`")


def test_a_request_with_a_rejected_attempt_is_one_trace(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    end = pipeline.completed(pipeline.submit(script.request(response_format=NUMBER_SCHEMA)))
    assert end.trace_id is not None
    assert_connected(whole_trace(pipeline.collector, end.trace_id, MENDED))


def test_a_trace_that_the_client_began_is_continued(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    headers = [("traceparent", f"00-{TRACE_ID}-{CLIENT_SPAN}-01".encode())]
    end = pipeline.completed(pipeline.submit(script.request(response_format=NUMBER_SCHEMA), headers=headers))
    assert end.trace_id == TRACE_ID
    assert_connected(whole_trace(pipeline.collector, TRACE_ID, MENDED), CLIENT_SPAN)


def test_a_request_through_the_gateway_is_one_trace_with_all_seven_services(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [fails(503)], "backup-small": [says(WRONG), says(RIGHT)]})
    asked = {**script.request(response_format=NUMBER_SCHEMA), "model": "auto"}
    answer = httpx.post(f"{pipeline.gateway}/v1/chat/completions", json=asked, trust_env=False, timeout=90)
    assert answer.status_code == 200
    wanted = (
        ONCE
        + Counter({("gateway", "POST /v1/chat/completions"): 1})
        + attempts(calls=3, answers=2)
        + hears("escalation", attempt_failed=1, attempt_rejected=1)
        + hears("router", request_escalated=2)
        + ANSWERED
    )
    spans = whole_trace(pipeline.collector, answer.headers["x-portfolio-trace-id"], wanted)
    assert_connected(spans)
    services = {"gateway", "profiler", "router", "model_worker", "validator", "escalation", "ledger"}
    assert {span.service for span in spans} == services


@pytest.mark.usefixtures("silent")
def test_a_trace_goes_on_through_a_deadline_that_fires(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"backup-strong": [says("Seven.")]})
    end = pipeline.completed(pipeline.submit(script.request(lane="left")))
    wanted = (
        ONCE
        + attempts(calls=1, answers=1, dispatches=2)
        + Counter({ATTEMPT_TIMER: 1})
        + hears("escalation", attempt_failed=1)
        + hears("router", request_escalated=1)
        + ANSWERED
    )
    assert end.trace_id is not None
    assert_connected(whole_trace(pipeline.collector, end.trace_id, wanted))


@pytest.mark.usefixtures("silent")
def test_a_request_that_ends_by_its_deadline_ends_its_trace(pipeline: Pipeline, expire: Callable[[UUID], None]) -> None:
    request_id = pipeline.submit(pipeline.scripts.expect().request(lane="lost"))
    pipeline.log.until(lambda: pipeline.log.of(request_id, f"attempt.dispatched.{SILENT}"), "the dispatch")
    expire(request_id)
    end = pipeline.failed(request_id)
    wanted = (
        ONCE
        + attempts(calls=0, answers=0, dispatches=1)
        + Counter({REQUEST_TIMER: 1})
        + hears("gateway", request_failed=1)
    )
    assert end.trace_id is not None
    assert_connected(whole_trace(pipeline.collector, end.trace_id, +wanted))
