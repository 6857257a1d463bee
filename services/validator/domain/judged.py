"""What judges' grades come to. A reply is read strictly: one that is not exactly a grade is no grade, and no pass.

Two looks decide, told the same in opposite orders, and only where they agree.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from schemas.attempt import CheckResult, Tried, looks_at
from schemas.check_settings import Judging
from schemas.content import Answer
from schemas.fact import Fact
from schemas.vocabulary import Reason
from services.validator.domain.message import text_of
from services.validator.domain.results import JUDGE, cannot_tell, doubted, failed, passed

LONGEST_REPLY = 4_000
TOLD = (Reason.JUDGED_GOOD, Reason.JUDGED_BAD)
ASKED = "a judge is asked"
UNREADABLE = "the judge's reply is not the JSON object that was asked for, so it counts for nothing"


class Reply(Fact):
    """What a judge replies, and nothing more."""

    reason: str
    grade: int = Field(ge=1, le=10)


@dataclass(frozen=True, slots=True)
class Look:
    """What is known after a look: the check, and why the answer stays in doubt; ``None`` where it is decided."""

    check: CheckResult
    doubt: Reason | None


def grade_in(reply: Answer) -> int | None:
    """The grade; ``None`` where the reply is anything but a whole one of the form that was asked for."""
    text = text_of(reply.message)
    if reply.finish_reason == "length" or reply.message.get("tool_calls") or len(text) > LONGEST_REPLY:
        return None
    try:
        grade = Reply.model_validate_json(text).grade
        json.loads(text, object_pairs_hook=_each_once)
    except ValueError:
        return None
    return grade


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these; of two grades nobody knows which is meant, and a parser would take the last."""
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a name is told twice")
    return told


def look_of(reply: Answer, tried: tuple[Tried, ...], judging: Judging) -> Look:
    """What this reply and the look before it, if there was one, come to."""
    grade = grade_in(reply)
    if grade is None:
        return Look(cannot_tell(JUDGE, UNREADABLE), Reason.UNDECIDED)
    now = Reason.JUDGED_GOOD if grade >= judging.at_least else Reason.JUDGED_BAD
    before = next((look.reason for look in looks_at(tried) if look.reason in TOLD), None)
    told = f"graded {grade} of 10, of which {judging.at_least} are asked for (prompt {judging.prompt})"
    check, doubt = _verdict(now, before, told)
    return Look(check.model_copy(update={"grade": grade}), doubt)


def _verdict(now: Reason, before: Reason | str | None, told: str) -> tuple[CheckResult, Reason | None]:
    """Of one look nothing; of two that agree what they say; of two that differ, doubt."""
    if before is None:
        return doubted(JUDGE, f"{told}; the other order is still to be asked"), now
    if before != now:
        other = "good enough" if before == Reason.JUDGED_GOOD else "too bad"
        return doubted(JUDGE, f"{told}; in the other order it was {other}"), Reason.UNDECIDED
    if now == Reason.JUDGED_GOOD:
        return passed(JUDGE), None
    return failed(JUDGE, f"{told}, and too bad in the other order, too"), None
