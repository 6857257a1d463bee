"""One record on its way through a batch: what it led to, and what there is to say of it."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from infra.bus.rows import Outcomes, Poison
from infra.telemetry.lean_span import LeanSpan
from schemas.reaction import NOTHING, Reaction, Received, Refused, Saying

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord


@dataclass(slots=True)
class Delivery:
    """A record, and its reaction once it is handled; ``outcomes`` are of its writes."""

    record: "ConsumerRecord[Any, Any]"
    span: LeanSpan | None
    received: Received
    reaction: Reaction = NOTHING
    outcomes: Outcomes = field(default_factory=list)

    def fail(self, why: str) -> None:
        """Mark its span as failed."""
        if self.span is not None:
            self.span.fail(why)

    @property
    def ids(self) -> dict[str, str]:
        """What a line of the log names of it: its request, where its key is one's id, and its trace."""
        told = {"trace_id": self.received.trace_id} if self.received.trace_id else {}
        with suppress(ValueError):  # other keys are a provider's name, or what a client chose
            told["request_id"] = str(UUID((self.received.key or b"").decode()))
        return told

    def says(self) -> list[Saying]:
        """All there is to say, once the rows are written."""
        if isinstance(self.outcomes, Poison):
            return [Refused("data_error", self.outcomes.detail)]
        says = list(self.reaction.says)
        for write, outcome in zip(self.reaction.writes, self.outcomes, strict=True):
            says.extend(write.then.get(outcome, ()))
        return says
