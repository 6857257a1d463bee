"""What is under way, and what became of what was, by kind. In memory: a replica judges by its own requests."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.metrics.measure import Measure, counter, gauge
from services.gateway.adapters.waiting import Heard
from services.gateway.domain.load import Ended, is_overdue, most_in_flight, noted
from services.gateway.domain.problems import over_load


class Load:
    """Lets requests of a kind in while the pipeline keeps up with them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._ended: dict[str, Ended] = {}

    @contextmanager
    def place(self, kind: str) -> Iterator[Callable[[Heard | None], None]]:
        """A request under way, and what takes its end (``None``: none was heard of). Raises ``Refused``."""
        most = most_in_flight(self._ended.get(kind, ()), self._clock())
        if most is not None and self._under_way[kind] >= most:
            self.refused[kind] += 1
            raise over_load(kind)
        self._under_way[kind] += 1
        try:
            yield lambda end: self._note(kind, end)
        finally:
            self._under_way[kind] -= 1

    def measures(self) -> tuple[Measure, ...]:
        """What a scrape is told of it."""
        return (
            gauge("portfolio_load_under_way", "Requests under way.", lambda: self.under_way, "kind"),
            gauge("portfolio_load_most", "How many may be, while too many end late.", lambda: self.most, "kind"),
            counter("portfolio_load_refused_total", "Requests refused for it.", lambda: self.refused, "kind"),
        )

    @property
    def under_way(self) -> dict[str, int]:
        """Requests under way, of each kind."""
        return dict(self._under_way)

    @property
    def most(self) -> dict[str, int]:
        """How many may be under way, of each kind that the pipeline does not keep up with."""
        found = ((kind, most_in_flight(ended, self._clock())) for kind, ended in self._ended.items())
        return {kind: most for kind, most in found if most is not None}

    def _note(self, kind: str, end: Heard | None) -> None:
        overdue = end is None or is_overdue(end)
        self._ended[kind] = noted(self._ended.get(kind, ()), self._clock(), is_overdue=overdue)
