"""The words that events use. A reader keeps a word that it does not know yet (:data:`Open...` types)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

AUTO = "auto"
"""What stands in ``model`` of a request that leaves the choice to the portfolio."""
LANE_PREFIX = "portfolio/"
"""Before the name of a lane in ``model``; the bare name is taken, too."""
GATEWAY = "gateway"
"""The client whose topic is the gateway's own."""

MIRROR = "mirror"
"""The tenant of all that is asked for nobody: what it costs is not its clients', and may have a budget."""

EMBEDDINGS = "embeddings"
"""The ability of a model that gives vectors, and the task class of what asks for them."""


class DataClass(StrEnum):
    """How sensitive content is. The portfolio's ``residency`` says to which regions each class may go."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Operation(StrEnum):
    """What a request asks for: an answer to its messages, or a vector for each of them."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"


class Risk(StrEnum):
    """How much harm a wrong answer does. High: no check of the lane is waived, and nothing is explored."""

    LOW = "low"
    HIGH = "high"


class Role(StrEnum):
    """Why an attempt is made."""

    PRIMARY = "primary"
    REPAIR = "repair"
    AGREEMENT = "agreement"
    JUDGE = "judge"


class Verdict(StrEnum):
    """What a check says of an answer. ``doubt``: it needs another look; ``cannot_tell``: there was nothing to go by."""

    PASS = "pass"
    FAIL = "fail"
    DOUBT = "doubt"
    CANNOT_TELL = "cannot_tell"


class Status(StrEnum):
    """What a completed request's answer is worth."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    HUMAN = "human"


class Action(StrEnum):
    """What escalation asks for next."""

    REPAIR = "repair"
    SIDEWAYS = "sideways"
    AGAIN = "again"
    LONGER = "longer"
    APPROVED = "approved"
    UP = "up"
    AGREEMENT = "agreement"
    JUDGE = "judge"
    HUMAN = "human"


class Reason(StrEnum):
    """Why an attempt or a request did not succeed."""

    # the validator's
    CHECK_FAILED = "check_failed"
    EMPTY = "empty"
    CUT_OFF = "cut_off"
    REFUSED = "refused"
    DISAGREED = "disagreed"
    DOUBTED = "doubted"
    UNJUDGED = "unjudged"
    JUDGED_GOOD = "judged_good"
    JUDGED_BAD = "judged_bad"
    UNDECIDED = "undecided"
    UNSURE = "unsure"
    # the model path's
    TIMEOUT = "timeout"
    DEADLINE = "deadline"
    STARVED = "starved"
    UNCALLED = "uncalled"
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"
    UNREACHABLE = "unreachable"
    BREAKER_OPEN = "breaker_open"
    UNAUTHORIZED = "unauthorized"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_FILTERED = "content_filtered"
    INVALID_REQUEST = "invalid_request"
    BAD_ANSWER = "bad_answer"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NO_RECORDED_ANSWER = "no_recorded_answer"
    SPEND_CAPPED = "spend_capped"
    NO_ELIGIBLE_MODEL = "no_eligible_model"
    # the request's own
    UNKNOWN_LANE = "unknown_lane"
    UNKNOWN_TASK = "unknown_task"
    UNKNOWN_MODEL = "unknown_model"
    LACKS_ABILITY = "lacks_ability"
    UNSUPPORTED_PARAMETER = "unsupported_parameter"
    TOO_LARGE = "too_large"
    NOT_ALLOWED = "not_allowed"
    QUOTA_SPENT = "quota_spent"
    BUDGET_SPENT = "budget_spent"
    ATTEMPTS_SPENT = "attempts_spent"
    TIERS_SPENT = "tiers_spent"
    ESCALATION_CAPPED = "escalation_capped"
    REVIEW_REJECTED = "review_rejected"
    REVIEW_UNANSWERED = "review_unanswered"
    CANCELLED = "cancelled"


WANT_OF_TIME = frozenset({Reason.DEADLINE, Reason.STARVED, Reason.UNCALLED})
"""Reasons that speak of what waits here, and of no provider: by them it is known that there is too much."""


class BreakerState(StrEnum):
    """Of a model path's circuit breaker: calls pass, none does, or a few probes do."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Deed(StrEnum):
    """What somebody did at the desk, or looked at."""

    REVIEW_SEEN = "review_seen"
    REVIEW_CLAIMED = "review_claimed"
    REVIEW_GIVEN_BACK = "review_given_back"
    REVIEW_ANSWERED = "review_answered"
    REVIEW_REJECTED = "review_rejected"
    LETTERS_REPLAYED = "letters_replayed"
    LETTERS_DROPPED = "letters_dropped"
    PORTFOLIO_APPLIED = "portfolio_applied"
    PORTFOLIO_ROLLED_BACK = "portfolio_rolled_back"
    BREAKER_CLOSED = "breaker_closed"
    CONTENT_SEEN = "content_seen"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    CONTENT_ERASED = "content_erased"


class CostKind(StrEnum):
    """Whether a cost is what was billed, or only the most that it can be."""

    KNOWN = "known"
    BOUNDED = "bounded"

    @classmethod
    def of(cls, bounded: bool) -> "CostKind":
        """That of a cost of which some may not have been billed, or of one that was."""
        return cls.BOUNDED if bounded else cls.KNOWN


OpenReason = Annotated[Reason | str, Field(union_mode="left_to_right")]
OpenRole = Annotated[Role | str, Field(union_mode="left_to_right")]
OpenVerdict = Annotated[Verdict | str, Field(union_mode="left_to_right")]
OpenStatus = Annotated[Status | str, Field(union_mode="left_to_right")]
OpenAction = Annotated[Action | str, Field(union_mode="left_to_right")]
OpenDataClass = Annotated[DataClass | str, Field(union_mode="left_to_right")]
OpenRisk = Annotated[Risk | str, Field(union_mode="left_to_right")]
OpenDeed = Annotated[Deed | str, Field(union_mode="left_to_right")]
OpenBreakerState = Annotated[BreakerState | str, Field(union_mode="left_to_right")]
OpenCostKind = Annotated[CostKind | str, Field(union_mode="left_to_right")]
