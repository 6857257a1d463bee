"""What this worker's attempts came to, as it said them: how each ended, and the tokens of those that were answered."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from infra.metrics.measure import Measure, counter
from schemas.attempt import AttemptCompleted
from schemas.fact import Event
from services.model_worker.domain.outcomes import AttemptEnded, outcome_name


@dataclass(slots=True)
class OutcomeTally:
    """Counts since the start. ``tokens`` by kind: ``cached`` are among the ``input``."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    tokens: Counter[str] = field(default_factory=Counter[str])

    def add(self, said: Iterable[Event]) -> None:
        """What was said; what ends no attempt is passed over."""
        for event in said:
            if isinstance(event, AttemptEnded):
                self.outcomes[outcome_name(event)] += 1
            if isinstance(event, AttemptCompleted):
                told = event.usage
                self.tokens.update(input=told.input_tokens, cached=told.cached_input_tokens, output=told.output_tokens)

    def measures(self) -> tuple[Measure, ...]:
        """What a scrape is told of them."""
        return (
            counter("portfolio_attempts_total", "Attempts that ended.", lambda: self.outcomes, "outcome"),
            counter("portfolio_tokens_total", "Tokens of answered attempts.", lambda: self.tokens, "kind"),
        )
