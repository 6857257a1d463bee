"""What a service hears, and with which handler."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from infra.bus.decode import Undecodable
from schemas.fact import Event
from schemas.reaction import Handler, Reaction, Received
from schemas.topics import Topic

OnUndecodable = Callable[[Undecodable, Received], Reaction]
"""What to make of a record that is no event: the default is a dead letter."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """An event heard, what is read of it, and by what it is handled."""

    topic: Topic
    reads: type[Event]
    handler: Handler
    suffix: str | None = None
    undecodable: OnUndecodable | None = None
    spanned: bool = True

    def pattern(self, prefix: str) -> str:
        """The regular expression of its topics' physical names."""
        name = re.escape(f"{prefix}{self.topic.name}")
        if not self.topic.suffixed:
            return name
        return f"{name}\\.{re.escape(self.suffix)}" if self.suffix else f"{name}(\\..+)?"
