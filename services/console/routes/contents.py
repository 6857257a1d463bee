"""The prompt and the answers of a request: for operators, when they ask, and never without a record."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from services.console.domain.contents import readable
from services.console.domain.sign_in import Role
from services.console.routes.door import Visit, form_of, request_id_of
from services.console.routes.frame import Frame


class ContentPages:
    """A page that is made by a form only: no link, reload or look ahead shows content by accident."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        return [self._frame.route("/requests/{request_id}/content", self.show, Role.OPERATOR, "POST")]

    async def show(self, visit: Visit) -> Response:
        request_id = request_id_of(visit.request.path_params["request_id"])
        await form_of(visit)
        story = await self._desk.story(request_id)
        if story is None:
            return self._frame.error(visit, HTTPStatus.NOT_FOUND, f"the ledger has not heard of request {request_id}")
        pieces = [(each, readable(each.text)) for each in await self._desk.content(story, visit.name)]
        return self._frame.page(visit, "content", request=story["request"], pieces=pieces)
