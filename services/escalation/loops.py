"""Deadlines that fire though every worker is dead, and the forgetting of what ended long ago."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from opentelemetry.trace import SpanKind, Tracer

from infra.store.database import Database
from infra.telemetry.context import context_of, traceparent_of
from infra.telemetry.told_error import told
from schemas.attempt import AttemptFailed
from schemas.fact import Event
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.reaction import Said
from schemas.request import Request
from services.escalation.adapters.early_cancellations import EarlyCancellations
from services.escalation.adapters.timer_store import FORGET_AT_ONCE, TimerStore
from services.escalation.domain.catching_up import Beat, beaten, early
from services.escalation.domain.endings import ends_of
from services.escalation.domain.held import Released, Sorted
from services.escalation.domain.reviews import DEFERRED, OF_REVIEWS, deferred, review_end
from services.escalation.domain.timers import HELD, Due, event_of

log = logging.getLogger(__name__)
HOUR_S = 3_600
CANCEL_EVERY_S = 1.0
MENDED_BY_OPERATORS = ("UnknownTopicOrPartitionError", "TopicAuthorizationFailedError")
"""Refusals, by Kafka's names, that end once a topic or a right is there."""
SortOut = Callable[[Sequence[Due]], Sorted]
Says = list[tuple[Said, str | None]]
SayEach = Callable[[Says], Awaitable[Mapping[int, str]]]
"""Says them all, and returns by index which Kafka will never take, with the reason."""


async def run_deadlines(
    database: Database, store: TimerStore, tracer: Tracer, say: SayEach, sort_out: SortOut, tick_s: float, at_once: int
) -> None:
    """Fire what is due, say it, and only then settle it; what was held goes when it may. Ends by cancellation."""
    beat: Beat | None = None
    while True:
        due = await database.patiently(lambda connection: store.take(connection, at_once))
        beat = beaten(beat, time.monotonic(), tick_s)
        if waits := early(due, beat):
            await database.patiently(lambda connection, waits=waits: store.wait(connection, waits))
        waiting = {one.due.request_id for one in waits}
        fired = [one for one in due if one.state != HELD and one.request_id not in waiting]
        if said := await told_of(what_is_said(fired, tracer), say):
            await database.patiently(lambda connection, said=said: store.settle(connection, said))
        settled = {one.request_id for one in said}
        if unsaid := [one for one in fired if one.request_id not in settled]:
            await database.patiently(lambda connection, unsaid=unsaid: store.put_off(connection, unsaid))
        if held := [one for one in due if one.state == HELD]:
            await _let_go(held, database, store, say, sort_out)
        if len(due) < at_once:
            await asyncio.sleep(tick_s)


async def _let_go(held: Sequence[Due], database: Database, store: TimerStore, say: SayEach, sort_out: SortOut) -> None:
    found = sort_out(held)
    if go := await taken_of(found.go, say):
        await database.patiently(lambda connection: store.release(connection, go))
    if over := found.over:
        await database.patiently(lambda connection: store.give_up(connection, over))
    gone = {one.due.request_id for one in found.go} | {one.request_id for one in over}
    if stay := [one for one in held if one.request_id not in gone]:
        await database.patiently(lambda connection: store.postpone(connection, stay))


async def taken_of(go: Sequence[Released], say: SayEach) -> list[Released]:
    """Say that these go on; those that were taken. Any other stays held, and goes once its lease is over."""
    refused = await say([(Said(one.event), one.due.traceparent) for one in go]) if go else {}
    for index, why in refused.items():
        log.error("request %s is held: what lets it go is not taken: %s", go[index].due.request_id, why)
    return [one for index, one in enumerate(go) if index not in refused]


async def run_forgetting(database: Database, store: TimerStore, days: int) -> None:
    """Once an hour, let go of requests that ended long ago."""
    while True:
        gone = await database.patiently(lambda connection: store.forget(connection, days))
        await asyncio.sleep(0 if gone >= FORGET_AT_ONCE else HOUR_S)


async def run_cancelling(database: Database, cancellations: EarlyCancellations) -> None:
    """Once a second, end what was opened in the moment of its cancellation, and forget those that nothing followed."""
    while True:
        await database.patiently(cancellations.apply)
        await database.patiently(cancellations.forget)
        await asyncio.sleep(CANCEL_EVERY_S)


async def told_of(fired: Sequence[tuple[Due, Says]], say: SayEach) -> list[Due]:
    """Say it; the rows of which something was taken. A row of which nothing was stays as it is, and is tried again.

    So does one whose answer its topic does not take yet, though the facts beside it were taken: no other topic has it.
    """
    says = [(due, each) for due, told_of_it in fired for each in told_of_it]
    refused = await say([each for _, each in says]) if says else {}
    for index, why in refused.items():
        due, (said, _) = says[index]
        event, topic = type(said.event).__name__, said.topic or "its own topic"
        log.error("%s of request %s is not taken by %s: %s", event, due.request_id, topic, why)
    taken = {due.request_id for index, (due, _) in enumerate(says) if index not in refused}
    waiting = {says[index][0].request_id for index, why in refused.items() if _waits(says[index][1][0].event, why)}
    return [due for due, _ in fired if due.request_id in taken - waiting]


def _waits(event: Event, why: str) -> bool:
    """Whether this is an answer that its topic will take, once it is there or the right to write to it is."""
    is_answer = isinstance(event, RequestCompleted) and not (event.answer is None and event.body is None)
    return is_answer and why in MENDED_BY_OPERATORS


def what_is_said(fired: Sequence[Due], tracer: Tracer) -> list[tuple[Due, Says]]:
    """What is said of each row. One that cannot be read holds up no other: it stays, and is tried again in a minute."""
    said: list[tuple[Due, Says]] = []
    for due in fired:
        try:
            said.append((due, _says(due, tracer)))
        except Exception as error:
            log.error("request %s is due (%s), and cannot be told of: %s", due.request_id, due.state, told(error))
    return said


def _says(due: Due, tracer: Tracer) -> Says:
    name, request, event = _what(due)
    with tracer.start_as_current_span(name, context=context_of(due.traceparent), kind=SpanKind.INTERNAL) as span:
        traceparent = traceparent_of(span.get_span_context())
    if isinstance(event, AttemptFailed):
        return [(Said(event), traceparent)]
    return [(said, traceparent) for said in ends_of(request, event)]


def _what(due: Due) -> tuple[str, Request, AttemptFailed | RequestCompleted | RequestFailed | RequestDeferred]:
    """The name of the span, the request, and what is said of it."""
    if due.state == DEFERRED:
        return "defer review", *deferred(due)
    if due.state in OF_REVIEWS:
        return "end review", *review_end(due)
    request, event = event_of(due)
    return f"deadline {'attempt' if isinstance(event, AttemptFailed) else 'request'}", request, event
