"""The console's site: its pages, put together. Who is not signed in sees only the sign-in page."""

from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.console.domain.failures import Misused
from services.console.domain.sign_in import Role, holder_of
from services.console.routes.contents import ContentPages
from services.console.routes.desk import Desk
from services.console.routes.door import SecureHeaders, Visit, form_of, local_path, session
from services.console.routes.frame import Frame
from services.console.routes.keys import KeyPages
from services.console.routes.letters import LetterPages
from services.console.routes.live import LivePages
from services.console.routes.pages import Console
from services.console.routes.portfolio import PortfolioPages
from services.console.routes.reviews import ReviewPages


class Door:
    """Signing in and out, and what a watcher and a browser ask of any site."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        return [
            Route("/live", self.live),
            Route("/ready", self.ready),
            Route("/style.css", self.style),
            self._frame.opened("/sign-in", self.sign_in),
            self._frame.route("/sign-out", self.sign_out, Role.VIEWER, "POST"),
        ]

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(self, _: Request) -> Response:
        why = self._desk.unready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
        return JSONResponse({"status": why or "ready"}, status)

    async def style(self, _: Request) -> Response:
        kept = {"cache-control": "max-age=3600"}
        return Response(self._frame.pages.style, media_type="text/css", headers=kept)

    async def sign_in(self, visit: Visit) -> Response:
        if visit.request.method == "GET":
            return self._frame.page(visit, "sign_in", next=local_path(visit.request.query_params.get("next", "/")))
        form = await form_of(visit)
        holder = holder_of(form.get("key"), self._desk.holders)
        where = local_path(form.get("next") or "/")
        if holder is None:
            return self._frame.page(visit, "sign_in", HTTPStatus.FORBIDDEN, next=where, problem="No such key.")
        visit.request.session.clear()  # what was known before is not carried into the session
        visit.request.session["digest"] = holder.digest
        return RedirectResponse(where, HTTPStatus.SEE_OTHER)

    async def sign_out(self, visit: Visit) -> Response:
        await form_of(visit)
        self._desk.watchers.end(visit.csrf)
        visit.request.session.clear()
        return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)


def console_site(desk: Desk, session_secret: str, *, over_tls: bool) -> Starlette:
    """The app. ``over_tls``: browsers send the session's cookie over TLS only."""
    frame = Frame(desk)
    kinds = (Door, Console, PortfolioPages, ReviewPages, LetterPages, KeyPages, LivePages, ContentPages)
    groups = [kind(frame) for kind in kinds]

    async def told(request: Request, error: Exception) -> Response:
        return frame.broken(request, error)

    handlers: dict[Any, Any] = {HTTPException: told, Misused: told}
    return Starlette(
        routes=[route for group in groups for route in group.routes()],
        middleware=[Middleware(SecureHeaders), session(session_secret, over_tls=over_tls)],
        exception_handlers=handlers,
    )
