"""The lives of requests in PostgreSQL. Every change is a compare-and-set; the clock is the database's.

``state`` is ``open``; ``held`` (moved, but to be said when there is room, or when its path may take it); ``expired``,
``unmoved`` (it was held) or ``cancelled`` (ended by a timer, and the end not said yet); ``review`` (a person is asked),
``deferred`` (so, and past the deadline), ``answered``, ``unreviewed`` or ``withdrawn`` (that has ended, and the end is
not said yet); or ``closed``. ``review_ends_at`` is there where a review may last beyond the deadline.
``next_at`` is when the timers' loop looks at a row next; ``moved_by`` is the record that moved or closed it last, so
that a redelivery of that record is recognised and says the same again; a copy of it elsewhere in the log says nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from schemas.deadlines import TIMER_GRACE
from schemas.reaction import DONE, STALE, Write
from services.escalation.domain.life import (
    ASKED,
    HELD,
    REFUSED,
    Closing,
    Dispatch,
    Move,
    Opening,
    PersonsAnswer,
)
from services.escalation.domain.storm import Passage

if TYPE_CHECKING:
    import asyncpg

# Of a request whose row may be forgotten by now no event begins it anew: it comes from a rewound offset.
# One that was cancelled before it came is opened as cancelled, and is due: see early_cancellations.py.
OPEN = """
INSERT INTO escalation.requests (request_id, state, number, deadline_at, next_at, context, traceparent)
SELECT id, CASE WHEN is_cancelled THEN 'cancelled' ELSE 'open' END, 1, deadline_at,
       CASE WHEN is_cancelled THEN now() ELSE least(timer_at, deadline_at) END, context, traceparent
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::bytea[], $5::text[])
     AS new (id, deadline_at, timer_at, context, traceparent),
     LATERAL (SELECT EXISTS (SELECT FROM escalation.cancellations WHERE request_id = id)) AS early (is_cancelled)
WHERE deadline_at > now() - $6::interval
ON CONFLICT (request_id) DO NOTHING
"""
DISPATCH = """
INSERT INTO escalation.dispatches (request_id, number, attempt, traceparent)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bytea[], $4::text[])
ON CONFLICT (request_id, number) DO NOTHING
"""
# Only a first move asks whether there is room. A record that moved or ended the request before does it again.
# An attempt of a row that is still held may have ended: a release is said first, and settled then.
MOVE = """
INSERT INTO escalation.requests AS r
       (request_id, state, number, moved_by, deadline_at, next_at, context, traceparent, review_ends_at)
SELECT id, state, number + 1, moved_by, deadline_at,
       CASE WHEN state IN ('open', 'review') THEN least(timer_at, deadline_at)
            WHEN state = 'held' THEN least(coalesce(not_before, now() + interval '1 second'), deadline_at)
            WHEN state <> 'closed' THEN now() END,
       CASE WHEN state <> 'closed' THEN context END, traceparent, review_ends_at
FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bytea[], $7::text[],
            $8::text[], $9::timestamptz[], $10::timestamptz[])
     AS new (id, number, moved_by, deadline_at, timer_at, context, traceparent, wanted, not_before, review_ends_at),
     LATERAL (SELECT CASE WHEN wanted = 'closed'
                           OR NOT EXISTS (SELECT FROM escalation.cancellations WHERE request_id = id) THEN wanted
                          WHEN wanted = 'review' THEN 'withdrawn' ELSE 'cancelled' END) AS early (state)
WHERE coalesce(review_ends_at, deadline_at) > now() - $11::interval
ON CONFLICT (request_id) DO UPDATE
   SET (state, number, moved_by, next_at, context, traceparent, review_ends_at) = (
       SELECT EXCLUDED.state, EXCLUDED.number, EXCLUDED.moved_by, EXCLUDED.next_at, EXCLUDED.context,
              EXCLUDED.traceparent, EXCLUDED.review_ends_at
        WHERE r.state IN ('open', 'held') AND r.number < EXCLUDED.number
       UNION ALL
       SELECT r.state, r.number, r.moved_by, r.next_at, r.context, r.traceparent, r.review_ends_at
        WHERE NOT (r.state IN ('open', 'held') AND r.number < EXCLUDED.number))
 WHERE (r.state IN ('open', 'held') AND r.number = EXCLUDED.number - 1)
    OR (r.state IN ('open', 'held', 'review', 'deferred', 'closed') AND r.moved_by = EXCLUDED.moved_by)
RETURNING request_id, state
"""
CLOSE = """
INSERT INTO escalation.requests AS r (request_id, state, number, moved_by, deadline_at)
SELECT id, 'closed', coalesce(only_attempt, 0), moved_by, deadline_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[]) AS new (id, moved_by, deadline_at, only_attempt)
WHERE deadline_at > now() - $5::interval
ON CONFLICT (request_id) DO UPDATE
   SET state = 'closed', moved_by = EXCLUDED.moved_by, next_at = NULL, context = NULL, traceparent = NULL
 WHERE (r.state IN ('open', 'held', 'review', 'deferred') AND EXCLUDED.number IN (0, r.number))
    OR (r.state = 'closed' AND r.moved_by = EXCLUDED.moved_by)
RETURNING request_id
"""
# The first that comes while a person is asked; a second one, or one that comes late, finds another state.
ANSWER = """
UPDATE escalation.requests r SET state = 'answered', next_at = now(), answer = new.answer
FROM unnest($1::uuid[], $2::bytea[]) AS new (id, answer)
WHERE r.request_id = new.id AND r.state IN ('review', 'deferred')
"""


class Openings:
    """Begins lives. A request that is known already stays as it is.

    ``kept``: how long past its deadline a row is there.
    """

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[Opening] = [write.row for write in writes]
        columns = (
            (r.request_id, r.deadline_at, r.attempt_deadline_at + TIMER_GRACE, r.context, r.traceparent) for r in rows
        )
        await connection.execute(OPEN, *zip(*columns, strict=True), self._kept)
        return {}


class Dispatches:
    """Remembers where attempts went."""

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[Dispatch] = [write.row for write in writes]
        columns = ((r.request_id, r.number, r.attempt, r.traceparent) for r in rows)
        await connection.execute(DISPATCH, *zip(*columns, strict=True))
        return {}


STATES = {Passage.GO: "open", Passage.WAIT: "held", Passage.REFUSE: "closed", Passage.ASK: "review"}
OUTCOMES = {"open": DONE, "held": HELD, "closed": REFUSED, "review": ASKED, "deferred": ASKED}


class Moves:
    """Moves attempt *n* to *n+1*, once. ``stale`` when the request has moved on or ended.

    Without room for a move up, or before its path's time, it is ``held``, or it is ``refused`` and ends the request.
    ``kept``: how long past its deadline a row is there.
    """

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[Move] = [write.row for write in writes]
        columns = (
            (
                r.request_id,
                r.number,
                r.by,
                r.deadline_at,
                r.attempt_deadline_at + TIMER_GRACE,
                r.context,
                r.traceparent,
                STATES[r.passage],
                r.not_before,
                r.beyond + TIMER_GRACE if r.beyond else None,
            )
            for r in rows
        )
        took = await connection.fetch(MOVE, *zip(*columns, strict=True), self._kept)
        # What was cancelled before is due as such, and is not moved.
        return _outcomes(writes, took) | {row["request_id"]: OUTCOMES.get(row["state"], STALE) for row in took}


class Closings:
    """Ends lives, once each. ``stale`` when another event ended it, or a failure came too late to count.

    ``kept``: how long past its deadline a row is there.
    """

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[Closing] = [write.row for write in writes]
        columns = ((r.request_id, r.by, r.deadline_at, r.only_attempt) for r in rows)
        return _outcomes(writes, await connection.fetch(CLOSE, *zip(*columns, strict=True), self._kept))


class PersonsAnswers:
    """Hands what a person said to the timers' loop, once a request."""

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[PersonsAnswer] = [write.row for write in writes]
        await connection.execute(ANSWER, [row.request_id for row in rows], [row.answer for row in rows])
        return {}


def _outcomes(writes: Sequence[Write], took: Sequence[Mapping[str, object]]) -> dict[object, str]:
    done = {row["request_id"] for row in took}
    return {write.key: DONE if write.key in done else STALE for write in writes}
