"""Judging what is sealed: its answers are opened for the judgement, and no event that says it holds any of them."""

from schemas.attempt import AttemptCompleted, AttemptDoubted, AttemptRejected, CheckResult
from schemas.content import Body, Contents, body_of
from schemas.vocabulary import Verdict
from services.validator.domain.verdict import Judged


def opened(event: AttemptCompleted, contents: Contents) -> AttemptCompleted:
    """The event with its answers in the open; one that is not sealed as it is."""
    if not event.answer.is_sealed:
        return event
    request_id = event.request.request_id
    answer = body_of(contents.text(event.answer, request_id).encode())
    doubted = event.doubted and body_of(contents.text(event.doubted, request_id).encode())
    rival = event.rival and body_of(contents.text(event.rival, request_id).encode())
    return event.model_copy(update={"answer": answer, "doubted": doubted, "rival": rival})


def closed(event: AttemptCompleted, whole: AttemptCompleted, judged: Judged, told: Body | None) -> Judged:
    """What was judged of the ``whole`` event, said of the one that came: answers sealed, and without the details, which
    quote them. ``told``: the details of a rejection, sealed.
    """
    checks = tuple(_named(check) for check in judged.checks)
    update: dict[str, object] = {"answer": _as_it_came(event, whole, judged.answer), "checks": checks}
    if isinstance(judged, AttemptDoubted) and judged.rival is not None:
        update["rival"] = event.answer
    if isinstance(judged, AttemptRejected):
        update |= {"told": told, "detail": names_of(checks)}
    return judged.model_copy(update=update)


def _as_it_came(event: AttemptCompleted, whole: AttemptCompleted, answer: Body) -> Body:
    if answer == whole.doubted and event.doubted is not None:
        return event.doubted
    return event.rival if answer == whole.rival and event.rival is not None else event.answer


def names_of(checks: tuple[CheckResult, ...]) -> str:
    """What may be said of a sealed answer's faults: by which checks they were found."""
    failed = ", ".join(check.name for check in checks if check.verdict == Verdict.FAIL)
    return f"its checks failed ({failed}); the details are sealed with the answer"


def _named(check: CheckResult) -> CheckResult:
    return check.model_copy(update={"detail": None, "at": None})
