"""What asyncpg takes for an array: lists and tuples, as all our statements are given.

It asks of each element whether it is a container, by the abstract classes of `collections.abc`, which is a call in
Python each: a fifth of what the ledger takes to write its rows.
"""

from asyncpg.protocol import protocol

ARRAYS = (list, tuple)


def take_lists_for_arrays() -> None:
    """Let every connection of this process do so: the check cannot be given to one of them.

    Anything else in an array's place is refused with a ``TypeError`` of asyncpg's that names it.
    """
    protocol.IterableABC = ARRAYS  # type: ignore[attr-defined]
