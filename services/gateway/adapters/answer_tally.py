"""What clients were answered: by route, status and code, and after how long. It knows paths by their routes only.

Each answer has an id that a client can name to whoever looks for its line: its request's, or else one of its own.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.metrics.measure import Buckets, Measure, counter
from services.gateway.domain.dialect import BY_PATH, dialect_at
from services.gateway.domain.problems import Problem

log = logging.getLogger(__name__)
WITHIN_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
TIMED = frozenset(BY_PATH)
"""The routes that wait for a model."""
UNCOUNTED = frozenset({"/live", "/ready"})
NO_ROUTE = "none"
FINE, CLIENT_LEFT, BROKEN = "ok", (499, "client_left"), (500, "broken")
NOTE = "portfolio.answer"
REQUEST = "x-portfolio-request-id"
IDS = {REQUEST.encode(): "request_id", b"x-portfolio-trace-id": "trace_id"}


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
    headers: Iterable[tuple[bytes, bytes]] = ()
    tenant: str | None = None
    answer_id: str | None = None

    def begun(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        self.named(MutableHeaders(scope=message), scope)
        self.headers = message.get("headers", ())
        if self.status == CLIENT_LEFT[0] != message["status"]:
            self.status, self.code = message["status"], FINE

    def named(self, headers: MutableHeaders, scope: Scope) -> None:
        """Where its client looks for an id there is one: its request's, or where there is none, the answer's own."""
        where = dialect_at(scope["path"], Headers(scope=scope)).request_id
        if where in headers:
            return
        if REQUEST not in headers:
            self.answer_id = str(uuid4())
        headers[where] = self.answer_id or headers[REQUEST]

    def refused(self, problem: Problem) -> None:
        self.status, self.code = problem.status, problem.code


def note_refused(scope: Scope, problem: Problem) -> None:
    """Count this request as refused with this problem, also where its stream has begun."""
    if (note := scope.get(NOTE)) is not None:
        note.refused(problem)


def note_tenant(scope: Scope, tenant: str) -> None:
    """Say in the line of this request whose it is."""
    if (note := scope.get(NOTE)) is not None:
        note.tenant = tenant


class Tallied:
    """An app whose answers are counted, and, where that is wished for, logged."""

    def __init__(self, app: ASGIApp, tally: AnswerTally, *, logs: bool = False) -> None:
        self._app = app
        self._tally = tally
        self._logs = logs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        note, began = _Note(), perf_counter()

        async def heard(message: Message) -> None:
            note.begun(message, scope)
            await send(message)

        scope[NOTE] = note
        try:
            await self._app(scope, receive, heard)
        except Exception:
            note.status, note.code = BROKEN
            note.answer_id = scope.setdefault("state", {})["answer_id"] = str(uuid4())
            raise
        finally:
            took_s, route = perf_counter() - began, _route_of(scope)
            self._tally.add(route, note.status, note.code, took_s)
            if self._logs and route not in UNCOUNTED:
                _log(scope["method"], route, note, took_s)


def _log(method: str, route: str, note: _Note, took_s: float) -> None:
    """The route as it was declared, and the ids: what a client wrote is in none of them."""
    ids = {IDS[name]: value.decode("latin-1") for name, value in note.headers if name in IDS}
    ids |= {name: told for name in ("answer_id", "tenant") if (told := getattr(note, name)) is not None}
    fields = {"method": method, "route": route, "status": note.status, "code": note.code, "ms": round(took_s * 1000)}
    about = ids.get("request_id") or f"no request, answer {ids.get('answer_id', 'not given')}"
    whose = ids.get("tenant", "unknown")
    log.info("%s %s %d %s %d ms, %s, tenant %s", *fields.values(), about, whose, extra=fields | ids)


def _route_of(scope: Scope) -> str:
    """As it was declared, such as ``/v1/models/{name:path}``: what clients write there is not told."""
    return getattr(scope.get("route"), "path", NO_ROUTE)
