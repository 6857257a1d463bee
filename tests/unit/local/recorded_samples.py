"""Small recorded questions, written for these tests, and the ends that requests for them may have."""

from datetime import UTC, datetime

from infra.local.recorded.ladder import Rung
from infra.local.recorded.question import Question, RecordedAnswer
from schemas.models import Price
from services.console.domain.road import End, Road, Step, Turn

PRICES = (("0.1", "0.4"), ("1", "2"), ("4", "20"))
LADDER = tuple(
    Rung(
        tier, name, f"{name}-recorded", f"at-{name}", Price.of({"input": read, "output": written, "from": "2024-11-01"})
    )
    for tier, (name, (read, written)) in enumerate(zip(("small", "middle", "strong"), PRICES, strict=True), 1)
)


def question(number: int, small: bool = True, middle: bool = True, strong: bool = True) -> Question:
    """A question of 40 characters; the answers are 20, 40 and 80 long, and right as told."""
    verdicts = zip(LADDER, (small, middle, strong), (20, 40, 80), strict=True)
    answers = {rung.recorded: RecordedAnswer("a" * length, right) for rung, right, length in verdicts}
    return Question(f"q-{number}", f"{number:040}", answers)


def accepted(
    model: str, status: str = "verified", *, steps: int = 1, cost: int = 0, turns: tuple[Turn, ...] = ()
) -> Road:
    """A road that ended well."""
    end = End(status, answer={}, model=model, cost_micro_usd=cost, at=datetime(2026, 1, 1, tzinfo=UTC))
    made = tuple(Step(number, "primary", 0, model, "anywhere") for number in range(1, steps + 1))
    return Road("an-id", steps=made, turns=turns, end=end)


def failed(reason: str, cost: int = 0) -> Road:
    """A road that ended honestly."""
    return Road("an-id", end=End("failed", reason, "why", cost_micro_usd=cost))
