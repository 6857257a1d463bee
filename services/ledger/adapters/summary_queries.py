"""The counts behind the summary, each by one statement."""

from datetime import datetime

from sqlalchemy import ColumnElement, Executable, case, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.next_actions import NO_ESCALATION
from services.ledger.adapters.derived import UNDECIDED
from services.ledger.adapters.rows import rows_of
from services.ledger.adapters.tables import ESCALATIONS, REQUESTS
from services.ledger.adapters.views import ATTEMPT_VIEW, REQUEST_VIEW
from services.ledger.domain.story import AttemptOutcome, RequestState
from services.ledger.domain.summary import LaneCount, ModelCount, ReasonCount

KINDS = ATTEMPT_VIEW.c
SINCE = ("request_id", "tier", "model", "provider", "outcome", "completed_at")
SINCE += ("input_tokens", "output_tokens", "cost_micro_usd", "cost_kind", "latency_ms")
"""What ``ledger.attempts_since`` tells of an attempt, as the view of all attempts does."""
Counts = tuple[list[LaneCount], list[ModelCount], list[ReasonCount], list[ReasonCount]]


async def counted(connection: AsyncConnection, since: datetime) -> Counts:
    """Lanes and their total, model paths, escalations by reason, failed requests by reason."""
    lanes = [LaneCount(**row) for row in await rows_of(connection, _lanes(since))]
    models = [ModelCount(**row) for row in await rows_of(connection, _models(since))]
    escalated = [ReasonCount(**row) for row in await rows_of(connection, _escalated(since))]
    failed = [ReasonCount(**row) for row in await rows_of(connection, _failed(since))]
    return lanes, models, escalated, failed


def _lanes(since: datetime) -> Executable:
    view = REQUEST_VIEW.c
    completed = view.state == RequestState.COMPLETED
    states = [_count(view.state == state).label(state.value) for state in RequestState]
    return (
        select(
            case((func.grouping(view.lane) == 0, view.lane)).label("lane"),
            func.count().label("requests"),
            *states,
            _count(completed & (view.status == "verified")).label("verified"),
            *_percentiles(view.latency_ms, completed),
            _count(view.recalled_from.is_not(None)).label("recalled"),
            _count(completed & (view.status == "unverified")).label("unverified"),
            func.count(UNDECIDED.c.request_id).label("undecided"),
        )
        .join_from(REQUEST_VIEW, UNDECIDED, view.request_id == UNDECIDED.c.request_id, isouter=True)
        .where(view.admitted_at >= since)
        .group_by(func.rollup(view.lane))
    )


def _models(since: datetime) -> Executable:
    attempts = func.ledger.attempts_since(since).table_valued(*(column(name, KINDS[name].type) for name in SINCE))
    view = attempts.c
    path = (REQUESTS.c.lane, view.tier, view.model, view.provider)
    pending = view.outcome.in_([AttemptOutcome.DISPATCHED, AttemptOutcome.COMPLETED])
    ended = (AttemptOutcome.ACCEPTED, AttemptOutcome.REJECTED, AttemptOutcome.DOUBTED, AttemptOutcome.FAILED)
    return (
        select(
            *path,
            func.count(view.request_id.distinct()).label("requests"),
            func.count().label("attempts"),
            *(_count(view.outcome == outcome).label(outcome.value) for outcome in ended),
            _count(pending).label("pending"),
            _sum(view.input_tokens).label("input_tokens"),
            _sum(view.output_tokens).label("output_tokens"),
            _sum(view.cost_micro_usd).label("cost_micro_usd"),
            func.bool_or(view.cost_kind == "bounded").label("bounded"),
            *_percentiles(view.latency_ms, view.completed_at.is_not(None)),
        )
        .join_from(attempts, REQUESTS, view.request_id == REQUESTS.c.request_id)
        .where(REQUESTS.c.admitted_at >= since)
        .group_by(*path)
    )


def _escalated(since: datetime) -> Executable:
    # No escalation is older than its request: the second condition narrows what is read.
    return (
        select(REQUESTS.c.lane, ESCALATIONS.c.reason, func.count().label("count"))
        .join_from(ESCALATIONS, REQUESTS, ESCALATIONS.c.request_id == REQUESTS.c.request_id)
        .where(REQUESTS.c.admitted_at >= since, ESCALATIONS.c.said_at >= since)
        .where(ESCALATIONS.c.action.not_in(NO_ESCALATION))
        .group_by(REQUESTS.c.lane, ESCALATIONS.c.reason)
    )


def _failed(since: datetime) -> Executable:
    view = REQUEST_VIEW.c
    return (
        select(view.lane, view.reason, func.count().label("count"))
        .where(view.admitted_at >= since, view.state == RequestState.FAILED)
        .group_by(view.lane, view.reason)
    )


def _count(where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(where)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return func.sum(column).cast(column.type)


def _percentiles(column: ColumnElement[int], where: ColumnElement[bool]) -> tuple[ColumnElement[int], ...]:
    return tuple(
        func.percentile_disc(share).within_group(column).filter(where).label(f"p{round(share * 100)}_ms")
        for share in (0.5, 0.95)
    )
