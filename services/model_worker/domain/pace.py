"""A provider's limits for a minute, as a leaky bucket and a share of it; and what a call takes of them."""

from dataclasses import dataclass

from schemas.asking import answer_bound
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Call, CallFailed
from services.model_worker.domain.usage import tokens_in

MINUTE_S = 60.0
BURST_S = 5.0
"""What was not used in this time may be used at once. The rate is that much lower, so that no minute has more."""

NEWS = 0.2
"""The weight of the newest answer in what is usual."""

SPREADS = 3
"""Nearly all answers take less than the usual time and so many times what they are off from it (V. Jacobson,
*Congestion Avoidance and Control*, 1988). With two, a third of all calls were in vain where three times too much came:
the longest answers are cut, and are not among those from which this is learned."""

USUAL_OUTPUT_TOKENS = 256
"""What an answer is expected to take where the call sets no limit: providers count what a call may take beforehand."""

NO_ROOM = CallFailed(
    Reason.RATE_LIMITED, "the provider's requests_per_minute or tokens_per_minute left no room before the deadline"
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds ``capacity``, and leaks that much in ``period_s``."""

    capacity: float
    period_s: float


def bucket_of(per_minute: int, workers: int) -> Bucket:
    """The bucket of one of so many workers that share a limit. It holds one at least, or nothing would ever pass."""
    rate = per_minute / workers / (MINUTE_S + BURST_S)
    capacity = max(1.0, rate * BURST_S)
    return Bucket(capacity, capacity / rate)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a path answered: how long that usually takes, and when the last came, in seconds of one clock.

    ``usual_s`` is an exponentially weighted mean, and ``spread_s`` one of how far answers were from it: the newest
    count most.
    """

    usual_s: float
    last_at: float
    spread_s: float = 0.0

    @property
    def most_take_s(self) -> float:
        """The time in which nearly all answers come."""
        return self.usual_s + SPREADS * self.spread_s


def with_answer(before: Answers | None, took_s: float, now: float) -> Answers:
    """The answers of a path after one more that took so long."""
    if before is None:
        return Answers(took_s, now)
    off_s = took_s - before.usual_s
    return Answers(before.usual_s + NEWS * off_s, now, before.spread_s + NEWS * (abs(off_s) - before.spread_s))


def expected_tokens(call: Call) -> int:
    """What a call is expected to take: its prompt, and all that it may write."""
    allowed = answer_bound(call.payload) or USUAL_OUTPUT_TOKENS
    return tokens_in(call.prompt_characters) + min(allowed, call.most_output_tokens)
