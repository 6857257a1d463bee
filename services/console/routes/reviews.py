"""Reviews on pages: what people are asked, and their answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.console.domain.contents import readable
from services.console.domain.failures import Misused
from services.console.domain.reviews import ReviewState, told, written
from services.console.domain.sign_in import Role
from services.console.routes.door import Visit, form_of, request_id_of
from services.console.routes.frame import Frame

LARGEST_ANSWER = 262_144
REJECT, LAST, CLAIM, GIVE_BACK = "reject", "last", "claim", "give-back"


class ReviewPages:
    """The queue of the human tier. Only operators see content."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        one = "/reviews/{request_id}"
        return [
            self._frame.route("/reviews", self.listing),
            self._frame.route(one, self.show, Role.OPERATOR),
            self._frame.route(one, self.speak, Role.OPERATOR, "POST"),
        ]

    async def listing(self, visit: Visit) -> Response:
        everything, now = visit.request.query_params.get("all") == "yes", datetime.now(UTC)
        found = (await self._frame.told(visit, ("reviews",), self._desk.reviews)).values()
        waiting = sum(each.state(now) is ReviewState.OPEN for each in found)
        lines = [told(each, now) for each in found if everything or each.state(now) is ReviewState.OPEN]
        return self._frame.page(visit, "reviews", live=True, lines=lines, everything=everything, waiting=waiting)

    async def show(self, visit: Visit) -> Response:
        line = await self._whole(visit, request_id_of(visit.request.path_params["request_id"]))
        is_open, holder = line["state"] == ReviewState.OPEN, line["claimed_by"]
        others = holder is not None and holder != visit.name
        return self._frame.page(
            visit, "review", review=line, is_open=is_open and not others, is_mine=holder == visit.name
        )

    async def speak(self, visit: Visit) -> Response:
        """Shows what would be said; says it once that is confirmed."""
        request_id = request_id_of(visit.request.path_params["request_id"])
        form = await form_of(visit, LARGEST_ANSWER)
        fields = {name: form.get(name).strip() for name in ("deed", "text", "note")}
        _judge(fields)
        if fields["deed"] in (CLAIM, GIVE_BACK):
            deed = self._desk.claim_review if fields["deed"] == CLAIM else self._desk.give_review_back
            await deed(request_id, visit.name)
            return RedirectResponse(f"/reviews/{request_id}", HTTPStatus.SEE_OTHER)
        if not form.is_confirmed:
            return await self._ask_again(visit, request_id, fields)
        if fields["deed"] == REJECT:
            await self._desk.reject_review(request_id, fields["note"], visit.name)
        else:
            own = None if fields["deed"] == LAST else written(fields["text"])
            await self._desk.answer_review(request_id, own, fields["note"] or None, visit.name)
        return RedirectResponse(f"/reviews/{request_id}", HTTPStatus.SEE_OTHER)

    async def _ask_again(self, visit: Visit, request_id: UUID, fields: Mapping[str, str]) -> Response:
        reject = fields["deed"] == REJECT
        says = f"Request {request_id} ends with it. Nothing changes it afterwards."
        rows = [("note", fields["note"])] if fields["note"] else []
        if not reject:
            last = (await self._whole(visit, request_id))["last_answer"] if fields["deed"] == LAST else None
            rows.insert(0, ("answer", last or fields["text"]))
        return self._frame.confirm(
            visit,
            "Reject this request?" if reject else "Answer with this?",
            says,
            fields,
            rows=rows,
            label="Reject" if reject else "Answer",
        )

    async def _whole(self, visit: Visit, request_id: UUID) -> dict[str, Any]:
        line = told(await self._desk.review(request_id, visit.name), datetime.now(UTC), whole=True)
        texts = {name: readable(line[name]) if line[name] else None for name in ("question", "last_answer")}
        return {**line, **texts}


def _judge(fields: Mapping[str, str]) -> None:
    """Raises :class:`Misused`."""
    if fields["deed"] not in (CLAIM, GIVE_BACK, REJECT, LAST, "answer"):
        raise Misused("deed: one of claim, give-back, answer, last, reject")
    if fields["deed"] == REJECT and not fields["note"]:
        raise Misused("a rejection needs its reason: the client is told")
    if fields["deed"] == "answer" and not fields["text"]:
        raise Misused("the answer is empty: write one, take the last one, or reject the request")
