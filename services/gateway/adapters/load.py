"""What is under way, and what became of what was, by kind. In memory: a replica judges by its own requests."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.gateway.adapters.waiting import End
from services.gateway.domain.load import Ended, is_overdue, most_in_flight, noted
from services.gateway.domain.problems import over_load


class Load:
    """Lets requests of a kind in while the pipeline keeps up with them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._ended: dict[str, Ended] = {}

    @contextmanager
    def place(self, kind: str) -> Iterator[Callable[[End | None], None]]:
        """A request under way, and what takes its end (``None``: none was heard of). Raises ``Refused``."""
        most = most_in_flight(self._ended.get(kind, ()), self._clock())
        if most is not None and self._under_way[kind] >= most:
            raise over_load(kind)
        self._under_way[kind] += 1
        try:
            yield lambda end: self._note(kind, end)
        finally:
            self._under_way[kind] -= 1

    def _note(self, kind: str, end: End | None) -> None:
        overdue = end is None or is_overdue(end)
        self._ended[kind] = noted(self._ended.get(kind, ()), self._clock(), is_overdue=overdue)
