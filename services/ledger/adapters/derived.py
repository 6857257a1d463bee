"""Tables that are worked out from the ledger's rows, and can be thrown away and worked out again."""

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.ledger.adapters.tables import MOMENT, SCHEMA

DERIVED = MetaData(schema=SCHEMA)

TOUCHED = Table("touched", DERIVED, Column("request_id", Uuid, nullable=False))
"""Requests whose rows changed since they were last looked at; an id may stand here several times."""

FOUND = Table(
    "found",
    DERIVED,
    Column("request_id", Uuid, primary_key=True),
    Column("admitted_at", MOMENT, nullable=False),
    Column("lane", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text),
    Column("reason", Text),
    Column("model", Text),
    Column("tier", SmallInteger),
    Column("models", ARRAY(Text), nullable=False),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
    Column("escalated", ARRAY(Text), nullable=False),
    Column("latency_ms", BigInteger),
    Column("cost_micro_usd", BigInteger, nullable=False),
    Column("bounded", Boolean, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Index(
        "found_words",
        "admitted_at",
        "request_id",
        postgresql_include=["state", "lane", "task", "tenant", "reason", "models", "tiers", "escalated"],
    ),
)
"""A narrow row a request, to search. ``models`` and ``tiers``: all that were asked; ``tier``: the one that answered."""

HOURS = Table(
    "hours",
    DERIVED,
    Column("hour", MOMENT, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Sums over the requests admitted in an hour, lane by lane. ``ledger.measures`` says what a request adds."""
