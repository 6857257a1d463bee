"""The verdict on an answered attempt."""

from dataclasses import dataclass

from schemas.attempt import (
    ANSWERING,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDoubted,
    AttemptRejected,
    CheckResult,
    answered_last,
    attempts_made,
    contradicted_by,
)
from schemas.content import Answer, Body, Question, Vectors
from schemas.paths import OPINION_AND_ANSWER
from schemas.vocabulary import Reason, Role, Verdict
from services.validator.domain.agreement import Comparison, compared
from services.validator.domain.citations import citations
from services.validator.domain.delivery import not_cut_off, not_empty
from services.validator.domain.demands import Asked, demanded
from services.validator.domain.found_demands import found_in
from services.validator.domain.grounding import grounded
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.judged import ASKED, look_of
from services.validator.domain.message import text_of
from services.validator.domain.policy import policy
from services.validator.domain.refusal import not_refused
from services.validator.domain.response_format import schema_check
from services.validator.domain.results import (
    AGREEMENT,
    CONFIDENCE,
    FORMAT,
    FORMAT_CHECKS,
    JUDGE,
    cannot_tell,
    doubted,
    failed,
    passed,
    worst_of,
)
from services.validator.domain.sureness import confidence
from services.validator.domain.tool_calls import tool_calls_check
from services.validator.domain.vectors import vectors_check
from services.validator.domain.verdict_events import Checks, accepted_event, doubted_event, rejected_event
from services.validator.domain.wanted import Wanted

Judged = AttemptAccepted | AttemptRejected | AttemptDoubted

JUDGED = (*ANSWERING, Role.AGREEMENT)
NOTHING_TO_FORMAT = "nothing to check: the answer makes no tool call, and the request sets no response_format"
ANOTHER_ASKED = "another model is asked the same"
DISAGREED = "another model, asked the same, came to a different answer"
THIRD_ASKED = "a third is asked to settle it"
ALL_DIFFER = "three models, asked the same, came to three different answers"
UNLIKE_ANY = "two models differ, and a third gave no answer to compare theirs with"
AGREEMENT_SPENT = "another model was asked once already, and gave no answer that confirms one"
NONE_LEFT = "no attempt is left to ask another model"
NO_CONFIDENCE = "a second opinion gave this answer, and of opinions nobody asks how sure their model was"
NOT_ASKED = "another model is asked to confirm a primary or a repaired answer only"

OF_A_TEXT = frozenset(("occurrences", "has_texts", "lacks_words"))
"""Demands that may be made several times, each of another text."""


@dataclass(frozen=True, slots=True)
class _Case:
    """The event whose answer is judged, and what answers to its question are held against."""

    event: AttemptCompleted
    question: Question
    wanted: Wanted
    schemas: SchemaChecker

    def checked(self, answer: Answer) -> Checks:
        """What the lane's and the request's own checks say of an answer; no other model has a say in it."""
        return _checked(self.event, self.question, answer, self.wanted, self.schemas)


def judge(event: AttemptCompleted, question: Question, wanted: Wanted, schemas: SchemaChecker) -> Judged:
    """Accept, reject or doubt. Raises ``ValueError`` when an answer is not what it should be."""
    case, answer = _Case(event, question, wanted, schemas), Answer.read(event.answer.text())
    if event.attempt.role == Role.JUDGE and event.doubted is not None:
        return _as_wished(_judges_look(case, event.doubted, answer), wanted)
    return _as_wished(_to_judge(event, _without_judge(case, answer), wanted), wanted)


def _as_wished(found: Judged, wanted: Wanted) -> Judged:
    """Nothing is verified while a check that the request itself asks for could not be made."""
    if not isinstance(found, AttemptAccepted) or not found.verified:
        return found
    unmade = {check.name for check in found.checks if check.verdict == Verdict.CANNOT_TELL}
    return found.model_copy(update={"verified": False}) if unmade & wanted.named else found


def _without_judge(case: _Case, answer: Answer) -> Judged:
    event, wanted = case.event, case.wanted
    if event.attempt.role == Role.AGREEMENT and event.doubted is not None:
        if event.rival is not None:
            return _third_look(case, event.doubted, event.rival, answer)
        return _second_look(case, event.doubted, answer)
    checks = case.checked(answer)
    if wanted.sure is not None and event.attempt.role in ANSWERING and worst_of(checks) is None:
        checks = (*checks, confidence(event.confidence, wanted.sure))
    if worst := worst_of(checks):
        return rejected_event(event, event.answer, checks, worst)
    if not wanted.agreement:
        return accepted_event(event, event.answer, checks)
    if unasked := _cannot_ask_another(event):
        return accepted_event(event, event.answer, (*checks, cannot_tell(AGREEMENT, unasked)))
    return doubted_event(
        event, event.answer, (*checks, doubted(AGREEMENT, ANOTHER_ASKED)), Role.AGREEMENT, Reason.DOUBTED
    )


def _to_judge(event: AttemptCompleted, found: Judged, wanted: Wanted) -> Judged:
    """What passed every other check is shown to a judge, where the lane asks for one."""
    if wanted.judging is None or not isinstance(found, AttemptAccepted) or event.attempt.role not in JUDGED:
        return found
    shown = doubted_event(event, found.answer, (*found.checks, doubted(JUDGE, ASKED)), Role.JUDGE, Reason.UNJUDGED)
    return shown.model_copy(update={"given_by": found.given_by})


def _judges_look(case: _Case, first: Body, reply: Answer) -> Judged:
    """The doubted answer passed the other checks; they are told again with what the judge's look comes to."""
    event, wanted, shown = case.event, case.wanted, answered_last(case.event.tried)
    chosen = shown.number if shown and shown.role == Role.AGREEMENT else None
    checks = (*case.checked(Answer.read(first.text())), *_unasked(chosen, wanted))
    if wanted.judging is None:
        return doubted_event(event, first, checks, Role.PRIMARY, Reason.UNDECIDED)
    look = look_of(reply, event.tried, wanted.judging)
    checks = (*checks, look.check)
    if look.doubt is not None:
        next_look = Role.PRIMARY if look.doubt is Reason.UNDECIDED else Role.JUDGE
        return doubted_event(event, first, checks, next_look, look.doubt)
    if worst := worst_of(checks):
        return rejected_event(event, first, checks, worst)
    return accepted_event(event, first, checks, given_by=chosen)


def judge_vectors(event: AttemptCompleted, question: Question, vectors: Vectors) -> AttemptAccepted | AttemptRejected:
    """By their form alone: a lane's other checks are of texts. No model is told to mend them."""
    check = vectors_check(question, vectors)
    if check.verdict == Verdict.FAIL:
        return rejected_event(event, event.answer, (check,), check).model_copy(update={"detail": check.detail})
    return accepted_event(event, event.answer, (check,))


def _checked(
    event: AttemptCompleted, question: Question, answer: Answer, wanted: Wanted, schemas: SchemaChecker
) -> Checks:
    empty = not_empty(answer)
    refused = not_refused(answer)
    basics = (empty, not_cut_off(answer, event.usage, question.params), refused)
    if empty.verdict == Verdict.FAIL or refused.verdict == Verdict.FAIL:
        return (*basics, *wanted.untold)
    made = (schema_check(question, answer, schemas), tool_calls_check(question, answer, schemas))
    text = text_of(answer.message)
    demands = demanded(text, _demands(question, wanted))
    standing = (grounded(question, answer, settings) for settings in wanted.grounding)
    cited = (citations(text, settings, question.sources) for settings in wanted.citing)
    kept = (policy(text, settings, wanted.packs) for settings in wanted.policies)
    form = (*(check for check in made if check is not None), *demands, *standing, *cited, *kept)
    if not form and wanted.named & FORMAT_CHECKS:
        form = (cannot_tell(FORMAT, NOTHING_TO_FORMAT),)
    return (*basics, *form, *wanted.untold)


def _demands(question: Question, wanted: Wanted) -> tuple[Asked, ...]:
    """What is demanded of the text's form: what was given, and what the prompt says where that is to be looked for."""
    if not wanted.finds_demands:
        return wanted.demands
    found = found_in(_last_of_user(question))
    given = {name for name, _ in wanted.demands} - OF_A_TEXT
    return (*wanted.demands, *(each for each in found if each[0] not in given and each not in wanted.demands))


def _last_of_user(question: Question) -> str:
    """What the user said last; what a tool found or a model said is somebody else's words."""
    return next((text_of(each) for each in reversed(question.messages) if each.get("role") == "user"), "")


def _second_look(case: _Case, first: Body, answer: Answer) -> Judged:
    """The doubted answer is accepted when this one agrees with it, or is none that it could be compared with."""
    event, wanted, doubted_answer = case.event, case.wanted, Answer.read(first.text())
    checks = case.checked(doubted_answer)
    if worst := worst_of(checks):
        return rejected_event(event, event.answer, checks, worst)
    comparison = compared(case.question, doubted_answer, answer)
    found, graded = _graded(comparison, wanted)
    if comparison.score >= wanted.threshold:
        agrees = passed(AGREEMENT).model_copy(update={"detail": found, **graded})
        return accepted_event(event, first, (*checks, agrees))
    own = worst_of(case.checked(answer))
    if own is not None and contradicted_by(event.tried) is None:
        # A second opinion that is none says nothing of the first, whose checks all passed.
        unable = cannot_tell(AGREEMENT, f"the second model's answer could not be compared: it failed {own.name}")
        return accepted_event(event, first, (*checks, unable))
    if _may_ask_a_third(event, wanted):
        unsettled = doubted(AGREEMENT, f"{DISAGREED} ({found}); {THIRD_ASKED}").model_copy(update=graded)
        asked = doubted_event(event, first, (*checks, unsettled), Role.AGREEMENT, Reason.DISAGREED)
        return asked.model_copy(update={"rival": event.answer})
    differs = failed(AGREEMENT, f"{DISAGREED} ({found})", reason=Reason.DISAGREED).model_copy(update=graded)
    return rejected_event(event, event.answer, (*checks, differs), differs)


def _third_look(case: _Case, first: Body, rival: Body, answer: Answer) -> Judged:
    """Of two answers that differ, the one with which this third agrees is accepted; none where all three differ."""
    event, wanted, second = case.event, case.wanted, contradicted_by(case.event.tried)
    for body, number in ((first, None), (rival, second.number if second else None)):
        given = Answer.read(body.text())
        comparison = compared(case.question, given, answer)
        if comparison.score < wanted.threshold:
            continue
        checks = case.checked(given)
        if worst_of(checks) is None:
            told = (*checks, *_unasked(number, wanted), _taken(comparison, wanted, number))
            return accepted_event(event, body, told, given_by=number)
    own = worst_of(case.checked(answer))
    told = ALL_DIFFER if own is None else f"{UNLIKE_ANY}: it failed {own.name}"
    differs = failed(AGREEMENT, told, reason=Reason.DISAGREED)
    checks = case.checked(Answer.read(first.text()))
    return rejected_event(event, event.answer, (*checks, differs), differs)


def _unasked(number: int | None, wanted: Wanted) -> Checks:
    """What a lane's wish for confidence comes to where the answer taken was a second opinion's."""
    is_wished = number is not None and wanted.sure is not None
    return (cannot_tell(CONFIDENCE, NO_CONFIDENCE),) if is_wished else ()


def _taken(comparison: Comparison, wanted: Wanted, number: int | None) -> CheckResult:
    found, graded = _graded(comparison, wanted)
    whose = "the answer in doubt" if number is None else f"the answer of attempt {number}"
    told = f"of two that differ, a third model says the same as {whose} ({found})"
    return passed(AGREEMENT).model_copy(update={"detail": told, **graded})


def _graded(comparison: Comparison, wanted: Wanted) -> tuple[str, dict[str, float]]:
    """How alike two answers are, in words and in numbers."""
    found = f"compared by {comparison.by}: {comparison.score:g} alike, of which {wanted.threshold:g} is asked for"
    return found, {"score": comparison.score, "threshold": wanted.threshold}


def _may_ask_a_third(event: AttemptCompleted, wanted: Wanted) -> bool:
    """Once a request, and only where an attempt is left for a stronger model, should all three differ."""
    has_attempts = attempts_made(event.tried) + 1 + OPINION_AND_ANSWER <= event.request.max_attempts
    return wanted.asks_a_third and has_attempts and contradicted_by(event.tried) is None


def _cannot_ask_another(event: AttemptCompleted) -> str | None:
    """Why agreement is not asked for (again). Once a request: what follows a disagreement is a stronger model's."""
    if event.attempt.role not in ANSWERING:
        return NOT_ASKED
    if attempts_made(event.tried) + 1 >= event.request.max_attempts:
        return NONE_LEFT
    return AGREEMENT_SPENT if any(earlier.role == Role.AGREEMENT for earlier in event.tried) else None
