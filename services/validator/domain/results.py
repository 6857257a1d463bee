"""The checks' names, and how a verdict is written down."""

from collections.abc import Sequence
from functools import cache

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.vocabulary import Reason, Verdict

NOT_EMPTY = "not_empty"
NOT_CUT_OFF = "not_cut_off"
NOT_REFUSED = "not_refused"
SCHEMA = "schema"
TOOL_CALLS = "tool_calls"
GROUNDED = "grounded"
VECTORS = "vectors"
FORMAT = "format"
CONFIDENCE = "confidence"
AGREEMENT = "agreement"
JUDGE = "judge"
CITATIONS = "citations"
POLICY = "policy"

BASICS = frozenset({NOT_EMPTY, NOT_CUT_OFF, NOT_REFUSED})
"""Checks that every answer gets. Alone they verify nothing."""

FORMAT_CHECKS = frozenset({FORMAT, SCHEMA, TOOL_CALLS})
"""``format`` is ``schema`` and ``tool_calls`` in one word."""

DEMANDS_FOUND = "demands"
"""All that the prompt itself demands of the answer's form, as far as it is found there."""

KNOWN = BASICS | FORMAT_CHECKS | {VECTORS, GROUNDED, CONFIDENCE, AGREEMENT, JUDGE, CITATIONS, POLICY, DEMANDS_FOUND}

DETAIL_LIMIT = 1_000
# A cut-off or refused answer also fails what it was asked to look like, so the cause goes before the symptom.
GRAVEST_FIRST = (Reason.REFUSED, Reason.CUT_OFF, Reason.EMPTY, Reason.DISAGREED, Reason.CHECK_FAILED)
GRAVITY = {reason: rank for rank, reason in enumerate(GRAVEST_FIRST)}


@cache
def passed(name: str) -> CheckResult:
    """This check was made, and nothing is wrong."""
    return CheckResult(name=name, verdict=Verdict.PASS)


def failed(name: str, detail: str, *, reason: Reason = Reason.CHECK_FAILED, at: str | None = None) -> CheckResult:
    """This check found something wrong: where (a JSON pointer), and what would mend it."""
    return CheckResult(name=name, verdict=Verdict.FAIL, reason=reason, at=at, detail=shortened(detail))


def doubted(name: str, detail: str) -> CheckResult:
    """Nothing is wrong, and another look was asked for."""
    return CheckResult(name=name, verdict=Verdict.DOUBT, detail=detail)


def cannot_tell(name: str, detail: str, *, at: str | None = None) -> CheckResult:
    """This check could not be made, and why."""
    return CheckResult(name=name, verdict=Verdict.CANNOT_TELL, at=at, detail=shortened(detail))


def worst_of(checks: Sequence[CheckResult]) -> CheckResult | None:
    """The failed check that explains the others; ``None`` when none failed."""
    failures = [check for check in checks if check.verdict == Verdict.FAIL]
    return min(failures, key=lambda check: GRAVITY.get(Reason(check.reason or ""), 0)) if failures else None


def is_verified(checks: Sequence[CheckResult]) -> bool:
    """Whether anything beyond the basics was checked, and passed; what a model says of itself is no check of it."""
    return any(check.verdict == Verdict.PASS and check.name not in BASICS | {CONFIDENCE} for check in checks)


def shortened(text: str, limit: int = DETAIL_LIMIT) -> str:
    """The text, cut where it gets longer than a person or a model needs."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def explained(name: str, error: ValidationError) -> str:
    """Which setting of a check is wrong, and how."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))
    return f"{name}: {field + ': ' if field else ''}{first['msg']}"
