"""The ledger's tables. Each column is filled by one kind of event, so that events commute.

There are no foreign keys: events of one request arrive in any order. The revisions beside this module create these
tables; a test holds the two together.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

SCHEMA = "ledger"
LEDGER = MetaData(schema=SCHEMA)
MOMENT = TIMESTAMP(timezone=True)
PLACE = Text(collation="C")  # compared in Python and in PostgreSQL, and alike in both
# Rows are filled in by several events: room in each page keeps their updates there.
ROOM = {"fillfactor": 80}

GROUP = "group"
EVERY = "every"


def filled_by(group: str, *columns: Column[Any]) -> tuple[Column[Any], ...]:
    """The columns of one kind of event, with when the log took it and where it stands there.

    Of two events that fill one group of one row, the earlier in the log stays, whole.
    """
    stamps: tuple[Column[Any], ...] = (Column(f"{group}_at", MOMENT), Column(f"{group}_place", PLACE))
    for column in stamps + columns:
        column.info[GROUP] = group
    return stamps + columns


def told_by_every(column: Column[Any]) -> Column[Any]:
    """A column that every event of a row tells, and tells alike: the least one stays."""
    column.info[GROUP] = EVERY
    return column


def _request_key() -> Column[Any]:
    return Column("request_id", Uuid, primary_key=True)


def _number_key() -> Column[Any]:
    return Column("number", SmallInteger, primary_key=True, autoincrement=False)


def _path(prefix: str = "") -> tuple[Column[Any], ...]:
    return (
        Column(f"{prefix}role", Text),
        Column(f"{prefix}tier", SmallInteger),
        Column(f"{prefix}model", Text),
        Column(f"{prefix}provider", Text),
    )


def _spent() -> tuple[Column[Any], ...]:
    return (
        Column("input_tokens", BigInteger),
        Column("cached_input_tokens", BigInteger),
        Column("cache_write_tokens", BigInteger),
        Column("output_tokens", BigInteger),
        Column("reasoning_tokens", BigInteger),
        Column("tokens_estimated", Boolean),
        Column("cost_micro_usd", BigInteger),
        Column("cost_kind", Text),
        Column("price_list", Text),
        Column("latency_ms", BigInteger),
    )


REQUESTS = Table(
    "requests",
    LEDGER,
    _request_key(),
    *filled_by(
        "profiled",
        Column("admitted_at", MOMENT),
        Column("deadline_at", MOMENT),
        Column("tenant", Text),
        Column("lane", Text),
        Column("task", Text),
        Column("confidence", Double),
        Column("profile_why", Text),
        Column("needs", JSONB),
        Column("context_tokens", BigInteger),
        Column("features", JSONB),
        Column("data_class", Text),
        Column("risk", Text),
        Column("revision", Text),
        Column("pinned_model", Text),
        Column("budget_micro_usd", BigInteger),
        Column("max_attempts", Integer),
        Column("trace_id", Text),
        Column("refusal_reason", Text),
        Column("refusal_detail", Text),
    ),
    *filled_by(
        "completed",
        Column("status", Text),
        Column("model", Text),
        Column("provider", Text),
        Column("completed_cost_micro_usd", BigInteger),
        Column("latency_ms", BigInteger),
        Column("recalled_from", Uuid),
        Column("confirms", SmallInteger),
    ),
    *filled_by("failed", Column("reason", Text), Column("detail", Text), Column("failed_cost_micro_usd", BigInteger)),
    *filled_by("cancelled", Column("cancelled_by", Text)),
    *filled_by("deferred", Column("deferred_until", MOMENT), Column("deferred_detail", Text)),
    Index("requests_newest", "admitted_at", "request_id"),
    Index("requests_confirming", "admitted_at", postgresql_where=text("confirms IS NOT NULL")),
    postgresql_with=ROOM,
)

ATTEMPTS = Table(
    "attempts",
    LEDGER,
    _request_key(),
    _number_key(),
    told_by_every(Column("admitted_at", MOMENT)),
    *filled_by(
        "dispatched",
        *_path(),
        Column("deadline_at", MOMENT),
        Column("why", Text),
        Column("expected_micro_usd", BigInteger),
        Column("exclusions", JSONB),
    ),
    # Who answered is told again: of two dispatches of one attempt, it need not be the earlier that was called.
    *filled_by("completed", *_path("completed_"), Column("answered_by", Text), *_spent()),
    *filled_by("accepted", Column("verified", Boolean), Column("given_by", SmallInteger)),
    *filled_by("rejected", Column("rejected_reason", Text), Column("rejected_detail", Text)),
    *filled_by("doubted", Column("look", Text), Column("doubted_given_by", SmallInteger)),
    Index("attempts_by_time", "admitted_at", postgresql_using="brin"),
    postgresql_with=ROOM,
)

FAILURES = Table(
    "failures",
    LEDGER,
    _request_key(),
    _number_key(),
    Column("reason", Text, primary_key=True),
    *filled_by(
        "said",
        Column("said_by", Text),
        *_path(),
        Column("detail", Text),
        *_spent(),
        Column("retry_after_ms", BigInteger),
    ),
    Index("failures_by_time", "said_at", postgresql_using="brin"),
)

SETTLEMENTS = Table(
    "settlements",
    LEDGER,
    _request_key(),
    _number_key(),
    *filled_by(
        "said",
        Column("reason", Text),
        Column("answered_by", Text),
        Column("late_ms", BigInteger),
        *_spent(),
    ),
)

CHECKS = Table(
    "checks",
    LEDGER,
    _request_key(),
    _number_key(),
    Column("told_by", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    *filled_by(
        "said",
        Column("name", Text),
        Column("verdict", Text),
        Column("reason", Text),
        Column("pointer", Text),
        Column("detail", Text),
        Column("grade", SmallInteger),
        Column("score", Double),
        Column("threshold", Double),
    ),
)

ESCALATIONS = Table(
    "escalations",
    LEDGER,
    _request_key(),
    _number_key(),
    *filled_by(
        "said",
        Column("action", Text),
        Column("reason", Text),
        Column("detail", Text),
        Column("tier", SmallInteger),
        Column("attempt_deadline_at", MOMENT),
    ),
    Index("escalations_by_time", "said_at", postgresql_using="brin"),
)

FEEDBACK = Table(
    "feedback",
    LEDGER,
    _request_key(),
    Column("feedback_id", Uuid, primary_key=True),
    *filled_by(
        "said",
        Column("source", Text),
        Column("score", Double),
        Column("label", Text),
        Column("tenant", Text),
        Column("attempt", SmallInteger),
        Column("recorded_at", MOMENT),
    ),
    Index("feedback_by_time", "said_at", postgresql_using="brin"),
)

BREAKERS = Table(
    "breakers",
    LEDGER,
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("changed_at", MOMENT, primary_key=True),
    *filled_by("said", Column("state", Text), Column("reason", Text), Column("until", MOMENT)),
)

REVISIONS = Table(
    "revisions",
    LEDGER,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Text, primary_key=True),
    *filled_by(
        "said",
        Column("revised_at", MOMENT),
        Column("author", Text),
        Column("note", Text),
        Column("document", JSONB),
    ),
    *filled_by("current"),
)
