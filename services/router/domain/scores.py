"""What models achieve, as it was known at a moment. Folded from ``model.scored``."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.standing import ModelScored

SETTLED = timedelta(seconds=5)
"""A score counts for requests admitted so much later: by then every router has it, and chooses alike."""
MOST_KEPT = 16
Path = tuple[str, str, str]
"""Task class, model, provider."""


@dataclass(slots=True)
class Scores:
    """All that was known from a moment on. ``tasks``: the classes in which any model is scored.

    ``version``: what a choice names, so that it can be told by which scores it was made.
    """

    since: datetime
    by_path: dict[Path, ModelScored]
    tasks: set[str]
    version: str = field(init=False)

    def __post_init__(self) -> None:
        self.version = f"{self.since:%Y-%m-%dT%H:%M:%S.%f}Z"

    def of(self, task: str, model: str, provider: str) -> ModelScored | None:
        """The score of a path in a task class; ``None`` without one."""
        return self.by_path.get((task, model, provider))


NO_SCORES = Scores(datetime.min.replace(tzinfo=UTC), {}, set())


@dataclass(slots=True)
class ScoresView:
    """The last few states of all scores. ``changes`` counts what was taken in."""

    changes: int = 0
    _states: list[Scores] = field(default_factory=list[Scores])
    _has_forgotten: bool = False

    def apply_score(self, event: ModelScored) -> None:
        """Take a score in, in any order; one with a lower sequence than what is known is ignored."""
        path = (event.task, event.model, event.version)
        index = bisect_left(self._states, event.scored_at, key=_since)
        if index == len(self._states) or self._states[index].since != event.scored_at:
            before = self._states[index - 1] if index else NO_SCORES
            self._states.insert(index, Scores(event.scored_at, dict(before.by_path), set(before.tasks)))
        for state in self._states[index:]:
            _take(state.by_path, path, event)
            state.tasks.add(event.task)
        self._forget()
        self.changes += 1

    def known_to(self, admitted_at: datetime) -> Scores:
        """The scores by which a request of this moment is planned, whenever it is heard, and however often.

        Where those are no longer kept, as after a backlog, the oldest that are.
        """
        index = bisect_right(self._states, admitted_at - SETTLED, key=_since)
        if index == 0 and not self._has_forgotten:
            return NO_SCORES
        return self._states[max(0, index - 1)]

    def _forget(self) -> None:
        if len(self._states) > MOST_KEPT:
            del self._states[:-MOST_KEPT]
            self._has_forgotten = True


def _since(state: Scores) -> datetime:
    return state.since


def _take(known: dict[Path, ModelScored], path: Path, event: ModelScored) -> None:
    if path not in known or known[path].sequence < event.sequence:
        known[path] = event
