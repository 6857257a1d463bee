"""The portfolio on pages: what is in force, what a change would do, and changing it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.content import JsonRead
from services.console.adapters.pages.charts import interval_chart
from services.console.adapters.portfolio_text import text_of
from services.console.domain.achieved import TaskClass, by_class
from services.console.domain.breakers import state_of
from services.console.domain.failures import CannotReach, Misused, Refused
from services.console.domain.findings import Severity
from services.console.domain.outline import lanes_of, models_of
from services.console.domain.revisions import History, changes
from services.console.domain.sign_in import Role
from services.console.routes.door import Form, Visit, form_of
from services.console.routes.frame import CHART_POLICY, Frame

LARGEST_DOCUMENT = 1_048_576
PORTFOLIO = "/portfolio"


class PortfolioPages:
    """Operators check, roll back and close breakers; putting a new revision in force is for admins."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        route = self._frame.route
        return [
            route(PORTFOLIO, self.show),
            route("/charts/scores.svg", self.scores_chart),
            route("/portfolio/document", self.document, Role.OPERATOR),
            route("/portfolio/document", self.check, Role.OPERATOR, "POST"),
            route("/portfolio/apply", self.apply, Role.ADMIN, "POST"),
            route("/portfolio/rollback", self.roll_back, Role.OPERATOR, "POST"),
            route("/breakers/reset", self.reset_breaker, Role.OPERATOR, "POST"),
        ]

    async def show(self, visit: Visit) -> Response:
        past, now = self._desk.history(), datetime.now(UTC)
        events, current = self._desk.breakers(), past.current
        classes, plans, unknown = await self._frame.told(visit, ("learned",), self._learned)
        asked = visit.request.query_params
        shown = past.revisions.get(asked.get("revision", ""))
        against = past.revisions.get(asked.get("against", "")) or current
        return self._frame.page(
            visit,
            "portfolio",
            live=True,
            current=current,
            models=models_of(current.portfolio) if current else [],
            lanes=lanes_of(current.portfolio) if current else [],
            classes=classes,
            plans=plans,
            unknown=unknown,
            revisions=past.ordered(),
            breakers={event.subject: state_of(event, now) for event in events},
            breaker_list=[(event.subject, state_of(event, now), event) for event in events],
            shown=shown.revision if shown else None,
            against=against.revision if against else None,
            changes=changes(shown.portfolio, against.portfolio) if shown and against else [],
        )

    async def _learned(self) -> tuple[Sequence[TaskClass], Sequence[JsonRead], str]:
        """Scores and plans; without them and why, where the ledger is away: the rest of the page needs it not."""
        try:
            scores, planned = await asyncio.gather(self._desk.scores(), self._desk.plans())
        except CannotReach as failure:
            return (), (), str(failure)
        return by_class(scores["scores"], self._paths()), planned.get("plans", ()), ""

    def _paths(self) -> set[str]:
        current = self._desk.history().current
        models = models_of(current.portfolio) if current else []
        return {end.path for model in models for end in model.endpoints}

    async def scores_chart(self, visit: Visit) -> Response:
        asked = visit.request.query_params
        scores = (await self._desk.scores())["scores"]
        of_task = [each for each in by_class(scores, ()) if each.task == asked.get("task")]
        shares = [(each.path, each.success, each.low, each.high) for found in of_task for each in found.paths]
        drawn = await asyncio.to_thread(interval_chart, "Success", shares, asked.get("theme", "light"))
        return Response(drawn, media_type="image/svg+xml", headers={"content-security-policy": CHART_POLICY})

    async def document(self, visit: Visit) -> Response:
        """The document in force, to be changed and checked."""
        current = self._desk.history().current
        text = text_of(current.portfolio) if current else ""
        return self._frame.page(visit, "document", text=text, note="", checked=None, findings=[], changes=[])

    async def check(self, visit: Visit) -> Response:
        """What is wrong or unwise in a document, and what applying it would change. Nothing is published."""
        form = await form_of(visit, LARGEST_DOCUMENT)
        text, note = _text_in(form), form.get("note").strip()
        reading, findings = self._desk.judge_portfolio(text)
        past, wanted = self._desk.history(), reading.portfolio
        return self._frame.page(
            visit,
            "document",
            HTTPStatus.OK if wanted else HTTPStatus.UNPROCESSABLE_ENTITY,
            text=text,
            note=note,
            checked=wanted.digest() if wanted else "",
            findings=[(each, each.severity is Severity.ERROR) for each in findings],
            in_force=past.in_force,
            may_apply=visit.viewer is not None and visit.viewer.role >= Role.ADMIN,
            changes=changes(past.current.portfolio if past.current else None, wanted) if wanted else [],
        )

    async def apply(self, visit: Visit) -> Response:
        """Puts in force what was checked, where nobody changed the portfolio meanwhile."""
        form = await form_of(visit, LARGEST_DOCUMENT)
        expect = form.get("expect")
        if not form.is_confirmed or not expect:
            raise Misused("check the document first: what applying it would change is shown before it is done")
        text = _text_in(form)
        reading, _ = self._desk.judge_portfolio(text)
        if reading.portfolio is None:
            raise Refused("\n".join(finding.line("portfolio") for finding in reading.findings))
        await self._desk.apply_portfolio(text, expect, form.get("note").strip() or None, visit.name)
        return RedirectResponse(PORTFOLIO, HTTPStatus.SEE_OTHER)

    async def roll_back(self, visit: Visit) -> Response:
        """Shows what it would change; does it once that is confirmed."""
        form = await form_of(visit)
        revision, note, past = form.get("revision"), form.get("note").strip(), self._desk.history()
        if form.is_confirmed:
            await self._desk.roll_back(revision, form.get("expect"), note or None, visit.name)
            return RedirectResponse(PORTFOLIO, HTTPStatus.SEE_OTHER)
        return self._frame.confirm(
            visit,
            f"Put revision {revision} in force again?",
            f"In force is {past.in_force}. Requests that were admitted already keep the revision they came with.",
            {"revision": revision, "note": note, "expect": past.in_force},
            label="Roll back",
            back=PORTFOLIO,
            table=_table(past, revision),
        )

    async def reset_breaker(self, visit: Visit) -> Response:
        form = await form_of(visit)
        path = form.get("path")
        if not form.is_confirmed:
            says = "The router and every worker use the path again at once, whether it has mended or not."
            return self._frame.confirm(
                visit, f"Close the breaker of {path}?", says, {"path": path}, label="Close it", back=PORTFOLIO
            )
        await self._desk.close_breaker(path, visit.name)
        return RedirectResponse(PORTFOLIO, HTTPStatus.SEE_OTHER)


def _text_in(form: Form) -> str:
    """Browsers send lines with a carriage return."""
    return form.get("text").replace("\r\n", "\n")


def _table(past: History, revision: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What rolling back would change. Raises :class:`Refused`."""
    if past.current is None or (target := past.revisions.get(revision)) is None:
        raise Refused(f"there is no revision {revision}")
    found = changes(past.current.portfolio, target.portfolio)
    lines = [(each.path, each.before or "(absent)", each.after or "(gone)") for each in found]
    return ("Entry", past.in_force, revision), lines
