"""API keys and budgets on pages, for admins."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.content import JsonRead
from schemas.vocabulary import DataClass
from services.console.domain.budgets import uses_of
from services.console.domain.failures import Misused
from services.console.domain.keys import LISTS, NUMBERS, TEXTS, id_of, seconds_of, state_of, words_of
from services.console.domain.sign_in import Role
from services.console.routes.door import Form, Visit, form_of
from services.console.routes.frame import Frame

KEYS = "/keys"
OVERLAP = "24h"


class KeyPages:
    """Keys are listed, made, rotated and revoked; budgets are looked at."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk

    def routes(self) -> list[Route]:
        deeds = {"create": self.create, "rotate": self.rotate, "revoke": self.revoke}
        posts = [self._frame.route(f"{KEYS}/{name}", page, Role.ADMIN, "POST") for name, page in deeds.items()]
        looks = {KEYS: self.listing, "/budgets": self.budgets}
        return [*(self._frame.route(path, page, Role.ADMIN) for path, page in looks.items()), *posts]

    async def listing(self, visit: Visit) -> Response:
        current, now = self._desk.history().current, datetime.now(UTC)
        keys = [{**key, "state": state_of(key, now)} for key in await self._desk.keys()]
        lanes = sorted(current.portfolio.lanes) if current else []
        return self._frame.page(visit, "keys", keys=keys, lanes=lanes, classes=[str(each) for each in DataClass])

    async def budgets(self, visit: Visit) -> Response:
        """What tenants spent of what the portfolio lets them."""
        current = self._desk.history().current
        spending = await self._desk.spending()
        uses = uses_of(current.portfolio if current else None, spending.get("tenants", ()))
        return self._frame.page(visit, "budgets", uses=uses)

    async def create(self, visit: Visit) -> Response:
        form = await form_of(visit)
        fields = _fields(form)
        words = words_of(fields)
        if "name" not in words:
            raise Misused("name: say what or whom the key is for")
        if "expires_in" in words:
            seconds_of(words["expires_in"])
        if form.is_confirmed:
            return self._made(visit, await self._desk.create_key(words, visit.name))
        says = "It is shown once, on the next page, and kept nowhere."
        rows = [(name.replace("_", " "), _said(value)) for name, value in words.items()]
        return self._frame.confirm(visit, "Make this key?", says, fields, rows=rows, label="Make it", back=KEYS)

    async def rotate(self, visit: Visit) -> Response:
        form = await form_of(visit)
        key, overlap = form.get("key"), form.get("overlap").strip() or OVERLAP
        id_of(key)
        seconds_of(overlap)
        if form.is_confirmed:
            return self._made(visit, await self._desk.rotate_key(key, overlap, visit.name))
        says = f"A key like it is made, and shown once. Both are good for {overlap}; then {key} ends."
        fields = {"key": key, "overlap": overlap}
        return self._frame.confirm(visit, f"Rotate {key}?", says, fields, label="Rotate it", back=KEYS)

    async def revoke(self, visit: Visit) -> Response:
        form = await form_of(visit)
        key = form.get("key")
        id_of(key)
        if form.is_confirmed:
            await self._desk.revoke_key(key, visit.name)
            return RedirectResponse(KEYS, HTTPStatus.SEE_OTHER)
        says = "No gateway takes it any more within two seconds, and it cannot be made good again."
        return self._frame.confirm(visit, f"Revoke {key}?", says, {"key": key}, label="Revoke it", back=KEYS)

    def _made(self, visit: Visit, made: JsonRead) -> Response:
        return self._frame.page(visit, "key_made", secret=made["key"], prefix=made["prefix"], old=made.get("old"))


def _fields(form: Form) -> Mapping[str, str]:
    """Several of a list may be ticked, or written with commas."""
    single = {name: form.get(name) for name in (*TEXTS, *NUMBERS)}
    return {**single, **{name: ",".join(form.all(name)) for name in LISTS}}


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
