"""The console's pages: HTTP in, HTML out. Who is not signed in sees only the sign-in page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from schemas.standing import BreakerChanged
from services.console.adapters.health_ports import PortStatus
from services.console.adapters.pages.charts import line_chart
from services.console.adapters.pages.rendering import Pages
from services.console.domain.bars import compared, shares, thresholds
from services.console.domain.breakers import state_of
from services.console.domain.dead_letters import DeadLetter, State
from services.console.domain.failures import CannotReach, CommandFailed, Misused, Refused
from services.console.domain.outline import lanes_of, models_of
from services.console.domain.revisions import History, changes
from services.console.domain.searching import STATES, search_of
from services.console.domain.sign_in import Holder, Role, holder_of
from services.console.domain.story import story_tree
from services.console.domain.waterfall import Bar
from services.console.routes.door import SecureHeaders, Visit, form_of, local_path, request_id_of, session

WEEK = timedelta(days=7)
CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
Json = Mapping[str, Any]


class Desk(Protocol):
    """What the pages ask for. Methods may raise :class:`CommandFailed`."""

    @property
    def holders(self) -> Sequence[Holder]: ...
    @property
    def jaeger_pages(self) -> str | None: ...

    def unready(self) -> str | None: ...
    def history(self) -> History: ...
    def breakers(self) -> Sequence[BreakerChanged]: ...
    async def story(self, request_id: UUID) -> Json | None: ...
    async def trace(self, trace_id: str) -> Sequence[Bar]: ...
    async def requests(self, asked: Mapping[str, str]) -> Json: ...
    async def overview(self, since: datetime, until: datetime) -> Json: ...
    async def letters(self) -> Sequence[tuple[DeadLetter, State]]: ...
    async def health_ports(self) -> Sequence[PortStatus]: ...
    async def close_breaker(self, path: str, by: str) -> None: ...


Page = Callable[[Visit], Awaitable[Response]]


class Console:
    """The pages, one method each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pages = Pages()

    def routes(self) -> list[Route]:
        """Every page, with the least role that may see it."""
        viewers: dict[str, Page] = {
            "/": self.overview,
            "/requests": self.requests,
            "/requests/{request_id}": self.story,
            "/portfolio": self.portfolio,
            "/dead-letters": self.dead_letters,
            "/health": self.health,
            "/charts/cost.svg": self.cost_chart,
        }
        return [
            Route("/live", self.live),
            Route("/ready", self.ready),
            Route("/style.css", self.style),
            Route("/sign-in", self._open(self.sign_in), methods=["GET", "POST"]),
            Route("/sign-out", self._closed(self.sign_out, Role.VIEWER), methods=["POST"]),
            Route("/breakers/reset", self._closed(self.reset_breaker, Role.OPERATOR), methods=["POST"]),
            *(Route(path, self._closed(page, Role.VIEWER)) for path, page in viewers.items()),
        ]

    def _open(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            return await page(Visit(request, self._viewer(request)))

        return answered

    def _closed(self, page: Page, least: Role) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            viewer = self._viewer(request)
            if viewer is None:
                where = urlencode({"next": str(request.url.path)})
                return RedirectResponse(f"/sign-in?{where}", HTTPStatus.SEE_OTHER)
            visit = Visit(request, viewer)
            if viewer.role < least:
                says = f"this needs the role {least.name.lower()}, and {viewer.name} is a {viewer.role.name.lower()}"
                return self._error(visit, HTTPStatus.FORBIDDEN, says)
            try:
                return await page(visit)
            except CommandFailed as failure:
                return self._error(visit, _status_of(failure), str(failure))

        return answered

    def _viewer(self, request: Request) -> Holder | None:
        """By the entry's digest: a key that is taken out of the settings is out at once."""
        digest = request.session.get("digest", "")
        return next((each for each in self._desk.holders if each.digest == digest), None)

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(self, _: Request) -> Response:
        why = self._desk.unready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
        return JSONResponse({"status": why or "ready"}, status)

    async def style(self, _: Request) -> Response:
        return Response(self._pages.style, media_type="text/css", headers={"cache-control": "max-age=3600"})

    async def sign_in(self, visit: Visit) -> Response:
        if visit.request.method == "GET":
            return self._page(visit, "sign_in", next=local_path(visit.request.query_params.get("next", "/")))
        form = await form_of(visit)
        holder = holder_of(form.get("key", ""), self._desk.holders)
        where = local_path(form.get("next", "/"))
        if holder is None:
            return self._page(visit, "sign_in", HTTPStatus.FORBIDDEN, next=where, problem="No such key.")
        visit.request.session.clear()  # what was known before is not carried into the session
        visit.request.session["digest"] = holder.digest
        return RedirectResponse(where, HTTPStatus.SEE_OTHER)

    async def sign_out(self, visit: Visit) -> Response:
        await form_of(visit)
        visit.request.session.clear()
        return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)

    async def overview(self, visit: Visit) -> Response:
        now, before = await self._weeks()
        was = {lane["lane"]: lane for lane in before["lanes"]}
        current = self._desk.history().current
        bars = {name: lane.bar for name, lane in current.portfolio.lanes.items()} if current else {}
        lanes = [
            {
                "name": lane["lane"],
                "part": lane,
                "changes": compared(lane, was.get(lane["lane"])),
                "thresholds": thresholds(bars[lane["lane"]], lane) if lane["lane"] in bars else [],
                "tiers": shares({str(int(tier) + 1): count for tier, count in lane["tiers"].items()}),
            }
            for lane in now["lanes"]
        ]
        over = [(lane["name"], each) for lane in lanes for each in lane["thresholds"] if each.over]
        total = compared(now["total"], before["total"])
        return self._page(visit, "overview", now=now, total=total, lanes=lanes, over=over)

    async def cost_chart(self, visit: Visit) -> Response:
        now, _ = await self._weeks()
        labels = [day["day"][5:10] for day in now["days"]]
        costs = [float(each) if (each := day["cost_per_success_usd"]) else None for day in now["days"]]
        theme = visit.request.query_params.get("theme", "light")
        drawn = await asyncio.to_thread(line_chart, "Dollars per success", labels, costs, theme)
        return Response(drawn, media_type="image/svg+xml", headers={"content-security-policy": CHART_POLICY})

    async def _weeks(self) -> tuple[Json, Json]:
        until = datetime.now(UTC)
        weeks = [(until - WEEK, until), (until - 2 * WEEK, until - WEEK)]
        now, before = await asyncio.gather(*(self._desk.overview(*week) for week in weeks))
        return now, before

    async def requests(self, visit: Visit) -> Response:
        form = dict(visit.request.query_params)
        if wanted := form.get("id", "").strip():
            return RedirectResponse(f"/requests/{request_id_of(wanted)}", HTTPStatus.SEE_OTHER)
        search = search_of(form)
        page: Json = {"requests": [], "next": None} if search.wrong else await self._desk.requests(search.asked)
        older = None
        if page["next"]:
            older = "/requests?" + urlencode({**search.written, "cursor": page["next"]})
        return self._page(
            visit,
            "requests",
            HTTPStatus.UNPROCESSABLE_ENTITY if search.wrong else HTTPStatus.OK,
            problem="; ".join(search.wrong),
            search=search,
            states=STATES,
            lines=page["requests"],
            older=older,
        )

    async def story(self, visit: Visit) -> Response:
        request_id = request_id_of(visit.request.path_params["request_id"])
        told = await self._desk.story(request_id)
        if told is None:
            return self._error(visit, HTTPStatus.NOT_FOUND, f"the ledger has not heard of request {request_id}")
        trace_id = told["request"]["trace_id"]
        bars, no_trace = await self._trace(trace_id)
        pages = self._desk.jaeger_pages
        return self._page(
            visit,
            "request",
            request=told["request"],
            totals=told["totals"],
            attempts=told["attempts"],
            story=story_tree(told),
            facts=_facts(told["request"]),
            bars=bars,
            no_trace=no_trace,
            jaeger_page=f"{pages.rstrip('/')}/trace/{trace_id}" if pages and trace_id else None,
        )

    async def _trace(self, trace_id: str | None) -> tuple[Sequence[Bar], str]:
        if trace_id is None:
            return (), "The ledger knows no trace of it."
        try:
            return await self._desk.trace(trace_id), f"Jaeger holds no trace {trace_id}: it keeps the latest only."
        except CannotReach as failure:
            return (), str(failure)

    async def portfolio(self, visit: Visit) -> Response:
        past, now = self._desk.history(), datetime.now(UTC)
        events = self._desk.breakers()
        shown = past.revisions.get(visit.request.query_params.get("revision", ""))
        current = past.current
        return self._page(
            visit,
            "portfolio",
            current=current,
            models=models_of(current.portfolio) if current else [],
            lanes=lanes_of(current.portfolio) if current else [],
            revisions=past.ordered(),
            breakers={event.subject: state_of(event, now) for event in events},
            breaker_list=[(event.subject, state_of(event, now), event) for event in events],
            may_steer=visit.viewer is not None and visit.viewer.role >= Role.OPERATOR,
            shown=shown.revision if shown else None,
            changes=changes(shown.portfolio, current.portfolio) if shown and current else [],
        )

    async def reset_breaker(self, visit: Visit) -> Response:
        form = await form_of(visit)
        await self._desk.close_breaker(form.get("path", ""), visit.viewer.name if visit.viewer else "")
        return RedirectResponse("/portfolio", HTTPStatus.SEE_OTHER)

    async def dead_letters(self, visit: Visit) -> Response:
        return self._page(visit, "dead_letters", letters=await self._desk.letters())

    async def health(self, visit: Visit) -> Response:
        return self._page(visit, "health", ports=await self._desk.health_ports())

    def error(self, request: Request, error: Exception) -> Response:
        """What Starlette itself refuses, and what a form got wrong."""
        status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
        return self._error(Visit(request, self._viewer(request)), status, str(getattr(error, "detail", error)))

    def _error(self, visit: Visit, status: HTTPStatus, says: str) -> Response:
        return self._page(visit, "error", status, heading=f"{status.value} {status.phrase}", says=says)

    def _page(self, visit: Visit, name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
        told = {"problem": "", "viewer": visit.viewer, "csrf": visit.csrf, "here": visit.request.url.path, **values}
        return HTMLResponse(self._pages.page(name, told), status)


def console_pages(desk: Desk, session_secret: str, *, over_tls: bool) -> Starlette:
    """The app. ``over_tls``: browsers send the session's cookie over TLS only."""
    console = Console(desk)

    async def told(request: Request, error: Exception) -> Response:
        return console.error(request, error)

    handlers: dict[Any, Any] = {HTTPException: told, Misused: told}
    return Starlette(
        routes=console.routes(),
        middleware=[Middleware(SecureHeaders), session(session_secret, over_tls=over_tls)],
        exception_handlers=handlers,
    )


def _status_of(failure: CommandFailed) -> HTTPStatus:
    if isinstance(failure, CannotReach):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.CONFLICT if isinstance(failure, Refused) else HTTPStatus.UNPROCESSABLE_ENTITY


def _facts(request: Json) -> list[tuple[str, str]]:
    names = (
        ("tenant", "tenant"),
        ("risk", "risk"),
        ("data class", "data_class"),
        ("needs", "needs"),
        ("context tokens", "context_tokens"),
        ("pinned model", "pinned_model"),
        ("revision", "revision"),
        ("deadline", "deadline_at"),
        ("trace", "trace_id"),
    )
    found = [(name, request.get(key)) for name, key in names]
    return [(name, ", ".join(each) if isinstance(each, list) else str(each)) for name, each in found if each]
