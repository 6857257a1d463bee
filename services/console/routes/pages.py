"""The pages that tell what happened: overview, requests, a request's story, and health."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.content import JsonRead
from schemas.portfolio import Bar
from services.console.adapters.pages.charts import line_chart
from services.console.adapters.pages.rendering import moment
from services.console.domain.bars import compared, shares, thresholds, tier_shares
from services.console.domain.exposition import providers
from services.console.domain.failures import CannotReach
from services.console.domain.searching import STATES, search_of
from services.console.domain.sign_in import Role
from services.console.domain.story import is_news, story_tree
from services.console.domain.tenants import by_tenant, lanes_of
from services.console.domain.waterfall import Bar as SpanBar
from services.console.routes.door import Visit, request_id_of
from services.console.routes.frame import CHART_POLICY, Frame, Page

WEEK = timedelta(days=7)
MOST_TENANTS = 200
MOMENTS = ("_at", "_until")


class Console:
    """The pages that only tell."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        pages: dict[str, Page] = {
            "/": self.overview,
            "/tenants": self.tenants,
            "/requests": self.requests,
            "/requests/{request_id}": self.story,
            "/health": self.health,
            "/charts/cost.svg": self.cost_chart,
        }
        record = self._frame.route("/record", self.record, Role.ADMIN)
        return [record, *(self._frame.route(path, page) for path, page in pages.items())]

    async def overview(self, visit: Visit) -> Response:
        """All requests, or those of the tenant that is asked for."""
        tenant = visit.request.query_params.get("tenant", "").strip()
        now, before = await self._weeks(visit, tenant)
        was = {lane["lane"]: lane for lane in before["lanes"]}
        current = self._desk.history().current
        bars = {name: lane.bar for name, lane in current.portfolio.lanes.items()} if current else {}
        lanes = [_lane(lane, was.get(lane["lane"]), bars.get(lane["lane"])) for lane in now["lanes"]]
        over = [(lane["name"], each) for lane in lanes for each in lane["thresholds"] if each.over]
        total = _part(now["total"], before["total"])
        told = {"now": now, "total": total, "lanes": lanes, "over": over}
        return self._frame.page(visit, "overview", live=True, tenant=tenant, **told)

    async def cost_chart(self, visit: Visit) -> Response:
        now, _ = await self._weeks(visit, visit.request.query_params.get("tenant", "").strip())
        labels = [day["day"][5:10] for day in now["days"]]
        costs = [float(each) if (each := day["cost_per_success_usd"]) else None for day in now["days"]]
        theme = visit.request.query_params.get("theme", "light")
        drawn = await asyncio.to_thread(line_chart, "Dollars per success", labels, costs, theme)
        return Response(drawn, media_type="image/svg+xml", headers={"content-security-policy": CHART_POLICY})

    async def tenants(self, visit: Visit) -> Response:
        """All tenants, and the lanes of the one that is asked for."""
        now, before = await self._frame.told(visit, ("tenants",), lambda: self._both(self._desk.tenants))
        chosen = visit.request.query_params.get("tenant", "").strip()
        lanes = lanes_of(chosen, now, before) if chosen else []
        told = by_tenant(now, before)
        more = {"tenants": told, "chosen": chosen, "lanes": lanes, "most": MOST_TENANTS}
        return self._frame.page(visit, "tenants", live=True, now=now, **more)

    async def _weeks(self, visit: Visit, tenant: str) -> tuple[JsonRead, JsonRead]:
        of = partial(self._desk.overview, tenant=tenant or None)
        return await self._frame.told(visit, ("overview", tenant), lambda: self._both(of))

    async def _both(self, of: Callable[[datetime, datetime], Awaitable[JsonRead]]) -> tuple[JsonRead, JsonRead]:
        now, before = await asyncio.gather(*(of(*week) for week in _two_weeks()))
        return now, before

    async def requests(self, visit: Visit) -> Response:
        form = dict(visit.request.query_params)
        if wanted := form.get("id", "").strip():
            return RedirectResponse(f"/requests/{request_id_of(wanted)}", HTTPStatus.SEE_OTHER)
        search = search_of(form)
        page: JsonRead = {"requests": [], "next": None}
        if not search.wrong:
            about = ("requests", *sorted(search.asked.items()))
            page = await self._frame.told(visit, about, lambda: self._desk.requests(search.asked))
        older = None
        if page["next"]:
            older = "/requests?" + urlencode({**search.written, "cursor": page["next"]})
        return self._frame.page(
            visit,
            "requests",
            HTTPStatus.UNPROCESSABLE_ENTITY if search.wrong else HTTPStatus.OK,
            live=not search.wrong and "cursor" not in search.written,
            problem="; ".join(search.wrong),
            search=search,
            states=STATES,
            lines=page["requests"],
            older=older,
        )

    async def story(self, visit: Visit) -> Response:
        request_id = request_id_of(visit.request.path_params["request_id"])
        told = await self._frame.told(visit, ("story", request_id), lambda: self._desk.story(request_id))
        if told is None:
            return self._frame.error(visit, HTTPStatus.NOT_FOUND, f"the ledger has not heard of request {request_id}")
        trace_id = told["request"]["trace_id"]
        bars, no_trace = await self._frame.told(visit, ("trace", trace_id), lambda: self._trace(trace_id))
        pages = self._desk.jaeger_pages
        return self._frame.page(
            visit,
            "request",
            live=is_news(told["request"], datetime.now(UTC)),
            request=told["request"],
            totals=told["totals"],
            attempts=told["attempts"],
            story=story_tree(told),
            facts=_facts(told["request"]),
            bars=bars,
            no_trace=no_trace,
            jaeger_page=f"{pages.rstrip('/')}/trace/{trace_id}" if pages and trace_id else None,
        )

    async def _trace(self, trace_id: str | None) -> tuple[Sequence[SpanBar], str]:
        if trace_id is None:
            return (), "The ledger knows no trace of it."
        try:
            return await self._desk.trace(trace_id), f"Jaeger holds no trace {trace_id}: it keeps the latest only."
        except CannotReach as failure:
            return (), str(failure)

    async def record(self, visit: Visit) -> Response:
        return self._frame.page(visit, "record", deeds=await self._desk.deeds())

    async def health(self, visit: Visit) -> Response:
        ports = await self._frame.told(visit, ("health",), self._desk.health_ports)
        found = providers(port.exposition for port in ports)
        aside = "; ".join(each for provider in found for each in provider.set_aside)
        told = f"Set aside: {aside}." if aside else "Nothing is set aside."
        return self._frame.page(visit, "health", live=True, ports=ports, providers=found, aside=told)


def _part(part: JsonRead, before: JsonRead | None) -> dict[str, Any]:
    """The figures of a lane, or of all, against the week before."""
    was = before or {"tiers": {}, "escalated": {}}
    tiers = tier_shares(part["tiers"], was["tiers"])
    escalated = shares(part["escalated"], was["escalated"])
    return {"part": part, "changes": compared(part, before), "tiers": tiers, "escalated": escalated}


def _lane(lane: JsonRead, before: JsonRead | None, bar: Bar | None) -> dict[str, Any]:
    return {"name": lane["lane"], "thresholds": thresholds(bar, lane) if bar else [], **_part(lane, before)}


def _two_weeks() -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    """The last seven days, and the seven before, from full hours: sums are kept by the hour, and one is of one week."""
    until = datetime.now(UTC)
    since = (until - WEEK).replace(minute=0, second=0, microsecond=0)
    return (since, until), (since - WEEK, since)


def _facts(request: JsonRead) -> list[tuple[str, Any]]:
    names = (
        ("tenant", "tenant"),
        ("risk", "risk"),
        ("data class", "data_class"),
        ("needs", "needs"),
        ("context tokens", "context_tokens"),
        ("pinned model", "pinned_model"),
        ("revision", "revision"),
        ("deadline", "deadline_at"),
        ("a person may answer until", "deferred_until"),
        ("trace", "trace_id"),
    )
    return [(name, _shown(key, value)) for name, key in names if (value := request.get(key))]


def _shown(key: str, value: Any) -> Any:
    if key.endswith(MOMENTS):
        return moment(value)
    return ", ".join(value) if isinstance(value, list) else value
