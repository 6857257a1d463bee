"""Tables that are worked out from the ledger's rows, and can be thrown away and worked out again."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, MetaData, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.ledger.adapters.tables import MOMENT, SCHEMA

DERIVED = MetaData(schema=SCHEMA)

TOUCHED = Table(
    "touched",
    DERIVED,
    Column("request_id", Uuid, nullable=False),
    Column("ended", Boolean, nullable=False, server_default=text("true")),
    Column("touched_at", MOMENT, nullable=False, server_default=text("now()")),
)
"""Requests whose rows changed since they were last looked at; an id may stand here several times.

``ended``: whether it was the request's end, or what people say of it. All else is looked at a little later, once.
"""

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
        "found_kind",
        text("ledger.kind(lane, task, tenant, state, reason, models, tiers, escalated)"),
        "admitted_at",
        "request_id",
    ),
)
"""A narrow row a request, to search. ``models`` and ``tiers``: all that were asked; ``tier``: the one that answered."""

ALIKE = Table(
    "alike",
    DERIVED,
    Column("hour", MOMENT, primary_key=True),
    Column("kind", Uuid, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("models", ARRAY(Text), nullable=False),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
    Column("escalated", ARRAY(Text), nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("cost_micro_usd", BigInteger, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("verified", "unverified", "recalled", "bounded", "attempts", "tokens")
    ),
)
"""Requests of an hour that are alike in every word of a search. Triggers of ``found`` keep it; ``kind``: its words."""

ANSWERED = Table(
    "answered",
    DERIVED,
    Column("hour", MOMENT, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("tier", SmallInteger),
    Column("bucket", SmallInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Index(
        "answered_alike",
        "hour",
        "tenant",
        "lane",
        "tier",
        "bucket",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)
"""Completed requests of an hour and a tenant's lane by the tier that answered (none: the cache), and how soon.

``bucket``: as in ``ledger.measures``. Triggers of ``found`` keep it.
"""

UNDECIDED = Table(
    "undecided",
    DERIVED,
    Column("request_id", Uuid, primary_key=True),
    Column("hour", MOMENT, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Index("undecided_hour", "hour", "tenant", "lane"),
)
"""Requests whose answer was given, and not as unverified, though its policy check could not tell. Kept by triggers."""

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

JUDGEMENTS = Table(
    "judgements",
    DERIVED,
    Column("request_id", Uuid, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("judged_at", MOMENT, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("cost_micro_usd", BigInteger, nullable=False),
    Column("latency_ms", BigInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Index("judgements_newest", "task", "model", "provider", "judged_at", "request_id"),
)
"""What became of a request at each model path that it asked, repairs included."""

GRADED = Table(
    "graded",
    DERIVED,
    Column("request_id", Uuid, primary_key=True),
    Column("task", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("by_model", Text, nullable=False),
    Column("judged_at", MOMENT, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("good", Boolean),
    Index("graded_newest", "task", "model", "provider", "judged_at", "request_id"),
)
"""Answers that another model (``by_model``) was asked to agree with: how alike, and what people and judges said."""

SCORES = Table(
    "scores",
    DERIVED,
    Column("task", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("stale", Boolean, nullable=False),
    Column("unsaid", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("scored_at", MOMENT),
    Column("successes", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("fresh_successes", Double, nullable=False),
    Column("fresh_failures", Double, nullable=False),
    Column("fresh_false_accepts", Double, nullable=False),
    Column("mean_micro_usd", BigInteger, nullable=False),
    Column("mean_latency_ms", BigInteger, nullable=False),
    Column("fresh_set_aside", Double, nullable=False),
)
"""What a model path achieves in a task class. ``stale``: judgements changed since; ``unsaid``: Kafka has it not yet.

``fresh_set_aside``: what feedback called wrong, and did not count, as it was more than one tenant's share.
"""

PRUNED = Table(
    "pruned",
    DERIVED,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("through", MOMENT, nullable=False),
)
"""One row, once requests were let go of: none that was admitted up to this moment is worked out again."""

STRAYS = Table(
    "strays",
    DERIVED,
    Column("request_id", Uuid, primary_key=True),
    Column("seen_at", MOMENT, nullable=False, server_default=text("now()")),
    Index("strays_oldest", "seen_at"),
)
"""Requests of which rows came and no admission: it is still to come, or was let go of."""
