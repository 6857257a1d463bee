"""An outage of the database is no model's failure: no request moves up for the time that it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from infra.local.parts import Addresses
from pipeline.requests import reasons, steps
from pipeline.scripts import Held, says
from pipeline.stack import Background, Pipeline
from pipeline.waiting import until
from schemas.attempt import AttemptDispatched
from schemas.deadlines import TIMER_GRACE

DEADLINE_S = 20
MORE_TABLES = ("escalation.requests", "escalation.dispatches", "profiler.admissions")


class Database:
    """Statements on the tables that were locked wait, as those on a server that stands still."""

    def __init__(self, background: Background, connection: "asyncpg.Connection") -> None:
        self._background, self._connection = background, connection

    def lock(self, *tables: str) -> None:
        for table in tables:
            self._background.run(self._connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))


@contextmanager
def standing_still(background: Background, addresses: Addresses) -> Iterator[Database]:
    """A database whose tables are locked one by one; all of them are free after the block."""
    connection = background.run(_begun(addresses.database))
    try:
        yield Database(background, connection)
    finally:
        background.run(connection.close())


async def _begun(dsn: str) -> "asyncpg.Connection":
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN")
    return connection


def dispatched(pipeline: Pipeline, request_id: UUID) -> AttemptDispatched:
    [record] = pipeline.log.until(
        lambda: pipeline.log.of(request_id, "attempt.dispatched.abroad"), f"the dispatch of {request_id}"
    )
    assert isinstance(record.event, AttemptDispatched)
    return record.event


def test_no_request_moves_up_for_an_outage_of_the_database(
    pipeline: Pipeline, addresses: Addresses, background: Background
) -> None:
    """One is called as it begins, one was dispatched before its worker could write it down, one comes meanwhile."""
    held = Held(says("Seven."))
    running = pipeline.scripts.expect({"abroad-large": [held], "backup-strong": [says("Dear.")]})
    waiting, new = (
        pipeline.scripts.expect({"abroad-large": [says("Seven.")], "backup-strong": [says("Dear.")]}) for _ in "ab"
    )
    with standing_still(background, addresses) as database:
        called = pipeline.submit(running.request(lane="mixed", deadline_s=DEADLINE_S))
        until(running.models, "the first call is made")
        database.lock("model_worker.attempts")
        unwritten = pipeline.submit(waiting.request(lane="mixed", deadline_s=DEADLINE_S))
        passed = dispatched(pipeline, unwritten).attempt.deadline_at + 2 * TIMER_GRACE
        database.lock(*MORE_TABLES)
        late = pipeline.submit(new.request(lane="mixed", deadline_s=DEADLINE_S))
        held.release()
        until(lambda: datetime.now(UTC) > passed, "the time of all first attempts is over")
    ends = [pipeline.completed(request_id) for request_id in (called, unwritten, late)]

    assert [(end.model, end.answer) for end in ends] == [("large", ends[0].answer)] * 3
    assert [script.models() for script in (running, waiting, new)] == [["abroad-large"]] * 3, "each is paid once"
    assert steps(pipeline.ledger.story(called)) == steps(pipeline.ledger.story(late)) == []
    story = pipeline.ledger.story(unwritten)
    assert steps(story) == [("again", "uncalled")]
    assert reasons(story) == [("large", "abroad", "uncalled"), ("large", "abroad", None)]
