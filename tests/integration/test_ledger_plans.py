"""Every question of the read API is explained, and none reads more than there is of what it asks about."""

import io
from collections.abc import Callable

import asyncpg
from ledger_database import new_ledger
from rich.console import Console

from infra.local.postgres import EmbeddedPostgres
from services.ledger.domain.reading import Reading
from tests.performance.ledger_fill import fill
from tests.performance.ledger_plans import measure, questions

REQUESTS = 2_000
TABLES = ("requests", "attempts", "failures", "checks", "escalations", "feedback", "alike", "answered", "hours")
# One look at each row for each side of a join, and some to spare; a look for each pair of rows would be thousands.
LOOKS = 10
ALL_ARE_JUDGED = """
INSERT INTO ledger.feedback (request_id, feedback_id, said_at, said_place, source, score, tenant, recorded_at)
SELECT request_id, request_id, admitted_at, 'feedback.recorded/0/1', 'user', 1, tenant, admitted_at FROM ledger.requests
"""


LONG_AGO = 50_000
FAILED_LONG_AGO = f"""
INSERT INTO ledger.failures (request_id, number, reason, said_at, said_place, said_by, cost_micro_usd, cost_kind)
SELECT md5('old ' || n)::uuid, 1, 'timeout', now() - interval '30 days', 'attempt.failed/0/' || n, 'model-worker', 40,
    'bounded' FROM generate_series(1, {LONG_AGO}) AS n
"""  # noqa: S608 the number is ours


class Asked:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., None]:
        self.names.add(name)
        return lambda *_: None


def test_every_question_of_the_read_api_is_explained() -> None:
    asked = Asked()
    for ask in questions(1).values():
        ask(asked)  # pyright: ignore[reportArgumentType] it answers nothing
    assert asked.names == {name for name in vars(Reading) if not name.startswith("_")}


async def test_no_question_looks_at_each_pair_of_rows(postgres: EmbeddedPostgres) -> None:
    dsn = await new_ledger(postgres)
    await fill(dsn, REQUESTS, lambda _: None)
    connection = await asyncpg.connect(dsn)
    await connection.execute(ALL_ARE_JUDGED)
    rows = sum([len(await connection.fetch(f"TABLE ledger.{table}")) for table in TABLES])
    await connection.close()
    found = await measure(dsn, REQUESTS, 1, Console(file=io.StringIO()))
    assert {each.question for each in found} == set(questions(REQUESTS)) - {"ready"}  # it reads no row
    assert [(each.question, each.read) for each in found if each.read > LOOKS * rows] == []
    story = next(each for each in found if each.question == "a request's story")
    assert (story.told, story.whole, story.buffers > 0) == (1, (), True)


async def test_a_summary_reads_nothing_of_what_failed_long_before(postgres: EmbeddedPostgres) -> None:
    dsn = await new_ledger(postgres)
    connection = await asyncpg.connect(dsn)
    await connection.execute(FAILED_LONG_AGO)
    await connection.close()
    await fill(dsn, REQUESTS, lambda _: None)
    found = await measure(dsn, REQUESTS, 1, Console(file=io.StringIO()))
    assert sum(each.read for each in found if each.question == "summary, a day") < LONG_AGO
