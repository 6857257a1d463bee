"""What all pages share: who may see one, how it is drawn, and how a failure is told."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.console.adapters.pages.rendering import Pages
from services.console.domain.failures import CannotReach, CommandFailed, Refused
from services.console.domain.sign_in import Holder, Role
from services.console.routes.desk import Desk
from services.console.routes.door import Visit
from services.console.routes.together import Together

CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
T = TypeVar("T")
Page = Callable[[Visit], Awaitable[Response]]


class Frame:
    """Stands around every page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.pages = Pages()
        self._together = Together()

    def route(self, path: str, page: Page, least: Role = Role.VIEWER, method: str = "GET") -> Route:
        """A page, with the least role that may see it."""
        return Route(path, self._closed(page, least), methods=[method])

    def opened(self, path: str, page: Page) -> Route:
        """A page for everybody, and its form."""

        async def answered(request: Request) -> Response:
            return await page(Visit(request, self._viewer(request)))

        return Route(path, answered, methods=["GET", "POST"])

    def page(self, visit: Visit, name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
        told: dict[str, Any] = {
            "problem": "",
            "viewer": visit.viewer,
            "csrf": visit.csrf,
            "here": visit.request.url.path,
            "may_steer": visit.may_steer,
            "live": False,
        }
        return HTMLResponse(self.pages.page(name, {**told, **values}), status)

    async def told(self, visit: Visit, about: tuple[object, ...], ask: Callable[[], Awaitable[T]]) -> T:
        """What a page tells about something. Pages that refresh themselves share what is asked."""
        return await (self._together.told(about, ask) if visit.refreshes else ask())

    def confirm(self, visit: Visit, heading: str, says: str, fields: Mapping[str, str], **values: Any) -> Response:
        """Asks again before anything is done: the same form comes back with ``confirmed``."""
        told = {"rows": [], "table": None, "back": visit.request.url.path, **values}
        return self.page(visit, "confirm", heading=heading, says=says, fields={**fields, "confirmed": "yes"}, **told)

    def error(self, visit: Visit, status: HTTPStatus, says: str) -> Response:
        return self.page(visit, "error", status, heading=f"{status.value} {status.phrase}", says=says)

    def broken(self, request: Request, error: Exception) -> Response:
        """What Starlette itself refuses, and what a form got wrong."""
        status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
        return self.error(Visit(request, self._viewer(request)), status, str(getattr(error, "detail", error)))

    def _closed(self, page: Page, least: Role) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            viewer = self._viewer(request)
            if viewer is None:
                where = urlencode({"next": str(request.url.path)})
                return RedirectResponse(f"/sign-in?{where}", HTTPStatus.SEE_OTHER)
            visit = Visit(request, viewer)
            if viewer.role < least:
                says = f"this needs the role {least.name.lower()}, and {viewer.name} is a {viewer.role.name.lower()}"
                return self.error(visit, HTTPStatus.FORBIDDEN, says)
            try:
                return await page(visit)
            except CommandFailed as failure:
                return self.error(visit, _status_of(failure), str(failure))

        return answered

    def _viewer(self, request: Request) -> Holder | None:
        """By the entry's digest: a key that is taken out of the settings is out at once."""
        digest = request.session.get("digest", "")
        return next((each for each in self.desk.holders if each.digest == digest), None)


def _status_of(failure: CommandFailed) -> HTTPStatus:
    if isinstance(failure, CannotReach):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.CONFLICT if isinstance(failure, Refused) else HTTPStatus.UNPROCESSABLE_ENTITY
