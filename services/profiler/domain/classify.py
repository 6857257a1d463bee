"""The task class and the lane of a request, from its own facts and the portfolio."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from schemas.asking import AUTO, GENERAL
from schemas.content import Json
from schemas.portfolio import Lane, Portfolio
from schemas.request import Features, Refusal, RequestSubmitted
from schemas.vocabulary import Reason, Risk
from services.profiler.domain.features import asked_text
from services.profiler.domain.model_name import names_of

FAQ = "faq"
LONG_TOKENS, SHORT = 4_000, 400
GIVEN, EVIDENT, LIKELY, GUESSED = 1.0, 0.9, 0.6, 0.3


class Guess(Protocol):
    """What a learned classifier makes of a text; ``task`` is ``None`` where it is unsure."""

    @property
    def task(self) -> str | None: ...
    @property
    def confidence(self) -> float: ...


class Classifier(Protocol):
    """Tells a text's class. ``version`` names what was learned."""

    @property
    def version(self) -> str: ...
    def guess(self, text: str) -> Guess: ...


@dataclass(frozen=True, slots=True)
class TaskFound:
    """A task class, how sure that is (0 to 1), what told it, and the classifier that was asked, if any.

    ``is_sure``: the client, its form or a sure classifier told it.
    """

    task: str
    confidence: float
    why: str
    classifier: str | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class LaneFound:
    """A lane, and why it is not the one that the request or its task names."""

    name: str
    why: str | None = None


def classify(
    asked: RequestSubmitted, features: Features, portfolio: Portfolio, classifier: Classifier | None = None
) -> TaskFound:
    """The class that the request names, or the one that its form shows; else what a classifier makes of its words.

    Words that tell a task of high risk as surely as the form tells another count before it: a loan is one, whatever
    form its answer has.
    A name that the portfolio lacks is no class: the request is refused, and what is counted by class holds known ones.
    """
    if asked.task in portfolio.tasks:
        return TaskFound(asked.task, GIVEN, "the request names it")
    shown = _shown(features, portfolio)
    if classifier is not None and (shown is None or _has_risky_tasks(portfolio)):
        guessed = _guessed(asked_text(asked.messages), portfolio, classifier)
        if shown is None or (_is_risky(guessed.task, portfolio) and guessed.confidence >= shown.confidence):
            return guessed
    return shown or _usual(features, portfolio)


def _shown(features: Features, portfolio: Portfolio) -> TaskFound | None:
    """What the form shows."""
    shown = (
        ("tool_use", features.has_tools, EVIDENT, "it offers tools"),
        ("extraction", features.has_schema, EVIDENT, "it asks for JSON"),
        ("code", features.has_code, LIKELY, "it holds or asks for code"),
        ("long_text", features.estimated_tokens > LONG_TOKENS, LIKELY, "it is long"),
    )
    for task, holds, confidence, why in shown:
        if holds and task in portfolio.tasks:
            return TaskFound(task, confidence, why)
    return None


def _usual(features: Features, portfolio: Portfolio) -> TaskFound:
    if features.characters < SHORT and not (features.has_images or features.has_audio) and FAQ in portfolio.tasks:
        return TaskFound(FAQ, GUESSED, "it is a short question", is_sure=False)
    return TaskFound(GENERAL, GUESSED, "nothing in its form tells more", is_sure=False)


def _guessed(text: str, portfolio: Portfolio, classifier: Classifier) -> TaskFound:
    """A class that the portfolio no longer has is none, so an older classifier does no harm."""
    guess = classifier.guess(text)
    if guess.task is None or guess.task not in portfolio.tasks:
        why = f"the classifier {classifier.version} is unsure of its words"
        return TaskFound(GENERAL, min(guess.confidence, GUESSED), why, classifier.version, is_sure=False)
    why = f"the classifier {classifier.version} knows its words"
    return TaskFound(guess.task, guess.confidence, why, classifier.version)


def _has_risky_tasks(portfolio: Portfolio) -> bool:
    return any(task.risk is Risk.HIGH for task in portfolio.tasks.values())


def _is_risky(task: str, portfolio: Portfolio) -> bool:
    return task in portfolio.tasks and portfolio.tasks[task].risk is Risk.HIGH


def lane_of(asked: RequestSubmitted, task: str, risk: Risk, portfolio: Portfolio) -> LaneFound:
    """The lane that the request names, where there is one, else its task's; for high risk one that is made for it.

    To name a lane lowers nothing: at high risk it is kept where it checks all that the lane for high risk does.
    """
    usual = asked.lane if asked.lane in portfolio.lanes else portfolio.lane_of_task(task)
    strict = _strict_lane(portfolio) if risk is Risk.HIGH else None
    if strict is None or _is_as_strict(usual, strict, portfolio):
        return LaneFound(usual)
    return LaneFound(strict, f"as its risk is high, in lane {strict} instead of {usual}, which checks less")


def _strict_lane(portfolio: Portfolio) -> str | None:
    """The lane made for high risk: the first that serves a task of high risk."""
    return next((name for name, lane in portfolio.lanes.items() if _serves_risk(lane, portfolio)), None)


def _is_as_strict(name: str, strict: str, portfolio: Portfolio) -> bool:
    lane, wanted = portfolio.lanes[name], portfolio.lanes[strict].check_names
    return _serves_risk(lane, portfolio) or lane.check_names >= wanted


def _serves_risk(lane: Lane, portfolio: Portfolio) -> bool:
    return any(_is_risky(task, portfolio) for task in lane.tasks)


def risk_of(asked: RequestSubmitted, task: str, portfolio: Portfolio) -> Risk:
    """High when the request says so, when its task is, or when a tool of it cannot be undone."""
    if asked.risk is Risk.HIGH or _is_risky(task, portfolio):
        return Risk.HIGH
    return Risk.HIGH if any(_cannot_be_undone(tool) for tool in asked.tools or ()) else Risk.LOW


def _cannot_be_undone(tool: Json) -> bool:
    function: Any = tool.get("function")
    effects = (part.get("x-effect") for part in (tool, function) if isinstance(part, dict))  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return "irreversible" in effects


def pinned_model(asked: RequestSubmitted) -> str | None:
    """The one model that the client wants, when it names one rather than ``auto``."""
    return None if asked.model == AUTO else asked.model


def refusal_of(asked: RequestSubmitted, portfolio: Portfolio) -> Refusal | None:
    """Why the request's own words cannot be followed, with the nearest right word."""
    if asked.task is not None and asked.task not in portfolio.tasks:
        return _unknown(Reason.UNKNOWN_TASK, "task", asked.task, portfolio.tasks)
    if asked.lane is not None and asked.lane not in portfolio.lanes:
        return _unknown(Reason.UNKNOWN_LANE, "lane", asked.lane, portfolio.lanes)
    pinned = pinned_model(asked)
    if pinned is not None and pinned not in portfolio.models:
        return _unknown(Reason.UNKNOWN_MODEL, "model", pinned, names_of(portfolio))
    return None


def _unknown(reason: Reason, what: str, named: str, known: Iterable[str]) -> Refusal:
    names = list(known)
    near = get_close_matches(named, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the portfolio has: {', '.join(sorted(names))}"
    return Refusal(reason=reason, detail=f"unknown {what} {named!r}: {hint}")
