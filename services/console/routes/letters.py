"""Dead letters on pages: found, and replayed or dropped once it was seen what that would do."""

from collections.abc import Mapping
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from schemas.content import JsonRead
from services.console.domain.dead_letters import Act, letter_services
from services.console.domain.failures import Misused
from services.console.domain.sign_in import Role
from services.console.routes.door import Form, Visit, form_of
from services.console.routes.frame import Frame

WORDS = ("service", "topic", "reason", "since")
DEEDS = {"replay": Act.REPLAYED, "drop": Act.DROPPED}


class LetterPages:
    """The pages of dead letters."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        deeds = (self._frame.route(f"/dead-letters/{deed}", self.settle, Role.OPERATOR, "POST") for deed in DEEDS)
        return [self._frame.route("/dead-letters", self.listing), *deeds]

    async def listing(self, visit: Visit) -> Response:
        words, settled = _words(visit.request.query_params), visit.request.query_params.get("settled") == "yes"
        letters = [{**each, "request": _request_of(each)} for each in await self._desk.letters(words, settled=settled)]
        services = letter_services()
        return self._frame.page(
            visit, "dead_letters", letters=letters, written=words, settled=settled, services=services
        )

    async def settle(self, visit: Visit) -> Response:
        deed = visit.request.url.path.rpartition("/")[2]
        form = await form_of(visit)
        names = await self._chosen(form)
        done = form.is_confirmed
        outcomes = await self._desk.settle_letters(names, DEEDS[deed], visit.name, dry_run=not done)
        return self._frame.page(visit, "letters_settled", deed=deed, outcomes=outcomes, done=done)

    async def _chosen(self, form: Form) -> list[str]:
        """Those that were ticked, or all that the filter lists: no more than the page shows."""
        if form.get("all") == "yes":
            found = await self._desk.letters(_words(dict(form.pairs)), settled=False)
            names = [str(each["letter"]) for each in found]
        else:
            names = form.all("letter")
        if not names:
            raise Misused("no letter is chosen: go back, and tick those that are meant")
        return names


def _words(told: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name in WORDS if (text := told.get(name, "").strip())}


def _request_of(letter: JsonRead) -> UUID | None:
    """Most records are keyed by their request."""
    try:
        return UUID(letter["key"] or "")
    except ValueError:
        return None
