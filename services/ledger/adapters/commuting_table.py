"""Writing rows that commute: any order, duplication and batch split of the same events gives the same table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, Text, and_, bindparam, case, column, false, func, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, Insert, asyncpg, insert
from sqlalchemy.types import TypeEngine

from schemas.reaction import Write
from services.ledger.adapters.derived import TOUCHED
from services.ledger.adapters.tables import EVERY, FEEDBACK, GROUP, REQUESTS

if TYPE_CHECKING:
    from asyncpg import Connection

Row = Mapping[str, Any]


class CommutingTable:
    """A table of the ledger, as the bus writes it: one statement a batch.

    Of two events that fill the same group of columns, the one that stands earlier in the log stays, whole; columns
    that every event tells keep the least value. Both rules are commutative, associative and idempotent.
    """

    def __init__(self, table: Table) -> None:
        self._columns = tuple(found.name for found in table.columns)
        self._groups = _groups_of(table)
        self._every = tuple(found.name for found in table.columns if found.info.get(GROUP) == EVERY)
        self.statement = upsert_of(table)

    def merge(self, earlier: Row, later: Row) -> Row:
        """One row of two rows with the same key."""
        merged = {**later, **earlier}
        for group, columns in self._groups.items():
            at, place = f"{group}_at", f"{group}_place"
            if at in later and at in earlier and (later[at], later[place]) < (earlier[at], earlier[place]):
                merged.update({name: later[name] for name in columns if name in later})
        for name in self._every:
            merged[name] = min(row[name] for row in (earlier, later) if name in row)
        return merged

    async def write(self, connection: "Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """Write rows of different keys. Every one is ``DONE``, the first time and again."""
        rows: list[Row] = [write.row for write in writes]
        told = set[str]().union(*rows)
        columns = (_column(rows, name) if name in told else None for name in self._columns)
        await connection.execute(self.statement, *columns)
        return {}


def _column(rows: Sequence[Row], name: str) -> list[Any] | None:
    """The array of a column; none where nothing is told: ``unnest`` fills it up, and encoding nulls takes its time."""
    column = [row.get(name) for row in rows]
    return None if column.count(None) == len(column) else column


def upsert_of(table: Table) -> str:
    """The statement, with one array a column as its parameters, in the columns' order.

    Rows that change nothing (the same event again) are not touched, so a redelivery writes no dead tuples.
    """
    names = [found.name for found in table.columns]
    arrays = [bindparam(name, type_=ARRAY(_plain(table.c[name].type))) for name in names]
    told = func.unnest(*arrays).table_valued(*(column(name) for name in names)).render_derived(name="told")
    upsert = insert(table).from_select(names, select(told))
    earlier = {group: _is_earlier(table, upsert.excluded, group) for group in _groups_of(table)}
    least = {
        found.name: func.least(found, upsert.excluded[found.name])
        for found in table.columns
        if found.info.get(GROUP) == EVERY
    }
    chosen = {
        found.name: case((earlier[found.info[GROUP]], upsert.excluded[found.name]), else_=found)
        for found in table.columns
        if found.info.get(GROUP, EVERY) != EVERY
    }
    changed = or_(*earlier.values(), *(table.c[name].is_distinct_from(value) for name, value in least.items()))
    merged = upsert.on_conflict_do_update(index_elements=[*table.primary_key], set_={**chosen, **least}, where=changed)
    return _leaving_a_mark(table, merged)


def _leaving_a_mark(table: Table, merged: Insert) -> str:
    """The ids of requests whose rows really changed are left for the digest, in the same statement."""
    if "request_id" not in table.c:
        return str(merged.compile(dialect=asyncpg.dialect()))
    changed = merged.returning(table.c.request_id, _ended(table).label("ended")).compile(dialect=asyncpg.dialect())
    names = "request_id, ended"
    mark = f"INSERT INTO {TOUCHED.fullname} ({names}) SELECT DISTINCT {names} FROM written"  # noqa: S608 names of ours
    return f"WITH written AS ({changed}) {mark}"


def _ended(table: Table) -> ColumnElement[bool]:
    """Whether a row tells of a request that has ended: its end, or what people say of that."""
    if table is REQUESTS:
        return or_(table.c.completed_at.is_not(None), table.c.failed_at.is_not(None))
    return true() if table is FEEDBACK else false()


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(kind, Text) else kind  # a parameter needs no collation


def _groups_of(table: Table) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for found in table.columns:
        group = found.info.get(GROUP, EVERY)
        if group != EVERY:
            groups[group] = (*groups.get(group, ()), found.name)
    return groups


def _is_earlier(table: Table, told: Any, group: str) -> ColumnElement[bool]:
    """Whether the new row has this group, and from earlier in the log than the row that is kept."""
    at, place = f"{group}_at", f"{group}_place"
    kept = table.c[at], table.c[place]
    return and_(told[at].is_not(None), or_(kept[0].is_(None), tuple_(told[at], told[place]) < tuple_(*kept)))
