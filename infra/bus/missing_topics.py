"""Topics that something was to be said to, and that are not on the cluster."""

import logging
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

log = logging.getLogger(__name__)


def why_missing(names: Iterable[str]) -> str:
    """What is told of missing topics, by their physical names, with the remedy."""
    told = list(names)
    which = f"topic {told[0]}" if len(told) == 1 else f"topics {', '.join(told)}"
    return f"Kafka has no {which}: create what is missing (`portfolio topics create` makes all of ours)"


class MissingTopics:
    """Those that are missing now, by physical name. The log tells of each once, and again when it is there."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return sorted(self._names)

    def is_missing(self, name: str) -> None:
        """The cluster has no such topic."""
        if name not in self._names:
            log.error("%s: %s; what is said to it waits", self._service, why_missing([name]))
            self._names.add(name)

    def are_there(self, names: AbstractSet[str]) -> None:
        """The cluster has these topics."""
        for name in self._names & names:
            log.info("%s: topic %s is there now", self._service, name)
        self._names -= names

    def told(self) -> str | None:
        """Why not all can be said; ``None`` when nothing is missing."""
        return why_missing(self.names) if self._names else None
