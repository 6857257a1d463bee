"""The text of a batch's line: a long one is in memory only while it is needed, and is read again where it stands."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from services.gateway.adapters.aside import Aside
from services.gateway.adapters.batch_places import Seat, Stop
from services.gateway.domain.batch_line import NO_REQUEST, Line
from services.gateway.domain.chat_request import Asked, Form
from services.gateway.domain.dialect import Dialect

KEPT_BYTES = 65_536
"""A longer body is not held while its line waits."""
LookUp = Callable[[], Awaitable[Line]]


class LineText:
    """``line``: with an empty body while it is not held. ``size``: of that body, in bytes.

    ``bulk``: its place among the long ones; nothing is read again without one.
    """

    def __init__(self, line: Line, aside: Aside, dialect: Dialect, bulk: Seat, read_again: LookUp) -> None:
        self.line = line
        self.size = len(line.body)
        self.dialect = dialect
        self._aside = aside
        self._bulk = bulk
        self._read_again = read_again
        self._form: Form | None = None

    async def has_place(self, stop: Stop) -> bool:
        """Whether it may be read, for which it waits its turn; not, where no further line is asked."""
        if not self.line.body:
            await self._bulk.take(stop)
        return bool(self.line.body) or self._bulk.is_taken

    async def asked(self, request_id: UUID) -> Asked:
        """What it asks for. Raises ``Refused``, and what ``read_again`` raises."""
        if not self.line.body:
            self.line = await self._read_again()
        asked = await self._aside.of(self.dialect.asked_of, self.line.body, request_id)
        self._form = asked.form
        return asked

    async def form(self, stop: Stop) -> Form:
        """How it wants its answer, which is there: it is told also where no further line is asked."""
        if self._form is not None:
            return self._form
        await self.has_place(stop)
        return (await self.asked(NO_REQUEST)).form

    def drop(self) -> None:
        """It waits, and others are read meanwhile."""
        if self.size > KEPT_BYTES:
            self.line = self.line._replace(body=b"")
        self._bulk.leave()
