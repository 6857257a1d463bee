"""What the bus asks of a store: write the rows of one batch, and say for each key what came of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from schemas.reaction import Write

if TYPE_CHECKING:
    import asyncpg


class Table(Protocol):
    """A table written in batches. Every key is in ``writes`` once, and they come in the order of their keys.

    Returns the outcomes (:data:`schemas.reaction.DONE`, ``STALE`` or words of its own) by key; a key that is left out
    is ``DONE``. Writing the same rows again must give the same outcomes: events are delivered at least once.
    """

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]: ...


@runtime_checkable
class Merging(Protocol):
    """A table whose rows of one key can be made one row first, so that a batch needs one statement."""

    def merge(self, earlier: Any, later: Any) -> Any: ...
