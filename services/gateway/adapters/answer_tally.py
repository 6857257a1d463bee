"""What clients were answered: by route, status and code, and after how long. It knows paths by their routes only."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.metrics.measure import Buckets, Measure, counter
from services.gateway.domain.dialect import ANTHROPIC, OPENAI, RESPONSES, VECTORS
from services.gateway.domain.problems import Problem

WITHIN_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
TIMED = frozenset(dialect.path for dialect in (OPENAI, RESPONSES, ANTHROPIC, VECTORS))
"""The routes that wait for a model."""
UNCOUNTED = frozenset({"/live", "/ready"})
NO_ROUTE = "none"
FINE, CLIENT_LEFT, BROKEN = "ok", (499, "client_left"), (500, "broken")
NOTE = "portfolio.answer"


@dataclass(slots=True)
class AnswerTally:
    """Answers by ``(route, status, code)``, each of a few words, and the seconds that :data:`TIMED` took."""

    answers: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    seconds: Buckets = field(default_factory=lambda: Buckets(WITHIN_S))

    def add(self, route: str, status: int, code: str, took_s: float) -> None:
        """One answer."""
        if route in UNCOUNTED:
            return
        self.answers[route, str(status), code] += 1
        if route in TIMED:
            self.seconds.add(took_s)

    def measures(self) -> tuple[Measure, ...]:
        """What a scrape is told of them."""
        return (
            counter("portfolio_answers_total", "Answers.", lambda: self.answers, "route", "status", "code"),
            Measure("portfolio_request_seconds", "histogram", "From a request to its answer's end.", self._seconds),
        )

    def _seconds(self) -> Buckets:
        return self.seconds


@dataclass(slots=True)
class _Note:
    """How one request is answered, as far as it is known. A stream that fails late has begun with 200 all the same."""

    status: int = CLIENT_LEFT[0]
    code: str = CLIENT_LEFT[1]

    def begun(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self.status == CLIENT_LEFT[0]:
            self.status = message["status"]
            self.code = CLIENT_LEFT[1] if self.status == CLIENT_LEFT[0] else FINE

    def refused(self, problem: Problem) -> None:
        self.status, self.code = problem.status, problem.code


def note_refused(scope: Scope, problem: Problem) -> None:
    """Count this request as refused with this problem, also where its stream has begun."""
    if (note := scope.get(NOTE)) is not None:
        note.refused(problem)


class Tallied:
    """An app whose answers are counted."""

    def __init__(self, app: ASGIApp, tally: AnswerTally, clock: Callable[[], float] = perf_counter) -> None:
        self._app = app
        self._tally = tally
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        note, began = _Note(), self._clock()

        async def heard(message: Message) -> None:
            note.begun(message)
            await send(message)

        scope[NOTE] = note
        try:
            await self._app(scope, receive, heard)
        except Exception:
            note.status, note.code = BROKEN
            raise
        finally:
            self._tally.add(_route_of(scope), note.status, note.code, self._clock() - began)


def _route_of(scope: Scope) -> str:
    """As it was declared, such as ``/v1/models/{name:path}``: what clients write there is not told."""
    return getattr(scope.get("route"), "path", NO_ROUTE)
