"""A lane's compliance risk: of a hundred answers given, how many nothing vouches for."""

from collections.abc import Mapping

UNVERIFIED = "unverified"
POLICY_UNDECIDED = "policy_undecided"


def at_risk(unverified: int, undecided: int) -> dict[str, int]:
    """Answers given at a risk, by why: each stands under one reason only, and a reason without any is left out."""
    counted = {UNVERIFIED: unverified, POLICY_UNDECIDED: undecided}
    return {why: count for why, count in counted.items() if count}


def compliance_risk(risks: Mapping[str, int], completed: int) -> float | None:
    """Of a hundred answers given; ``None`` without any."""
    return round(100 * sum(risks.values()) / completed, 2) if completed else None
