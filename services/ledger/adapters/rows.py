"""Reading what a query finds."""

from collections.abc import Sequence

from sqlalchemy import Executable, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection


async def rows_of(connection: AsyncConnection, query: Executable) -> Sequence[RowMapping]:
    """All rows of a query, each by the names of its columns."""
    return (await connection.execute(query)).mappings().all()
