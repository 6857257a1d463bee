"""Who comes in: sessions, forms that this console gave out, and what a browser is told with every answer."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.domain.failures import Misused
from services.console.domain.sign_in import Holder, Role

SESSION_S = 12 * 3_600
LARGEST_FORM = 16_384
REFRESHES = "x-refreshes"
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser, and who asks."""

    request: Request
    viewer: Holder | None

    @property
    def csrf(self) -> str:
        return self.request.session.setdefault("csrf", secrets.token_urlsafe(24))

    @property
    def name(self) -> str:
        """Who it is, for the record of what he does."""
        return self.viewer.name if self.viewer else ""

    @property
    def refreshes(self) -> bool:
        """Whether an open page asks for itself again, and no person."""
        return self.request.headers.get(REFRESHES) == "yes"

    @property
    def may_steer(self) -> bool:
        return self.viewer is not None and self.viewer.role >= Role.OPERATOR


LOCAL = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f\\]*")
"""No second stroke, however it leans, and nothing that a browser leaves out before it looks: else it names a host."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in order; a name may come more than once."""

    pairs: Sequence[tuple[str, str]]

    def get(self, name: str) -> str:
        """The last value under a name; empty without one."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    @property
    def is_confirmed(self) -> bool:
        return self.get("confirmed") == "yes"


class SecureHeaders:
    """Adds what a browser should know to every answer; an answer's own word stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in own]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, told)


def session(secret: str, *, over_tls: bool) -> Middleware:
    """A signed cookie that no script can read. ``over_tls``: browsers send it over TLS only."""
    return Middleware(
        SessionMiddleware,
        secret_key=secret,
        session_cookie="portfolio_console",
        max_age=SESSION_S,
        same_site="lax",
        https_only=over_tls,
    )


async def form_of(visit: Visit, largest: int = LARGEST_FORM) -> Form:
    """A form that this console gave out. Raises ``HTTPException``."""
    body = b""
    async for chunk in visit.request.stream():
        body += chunk
        if len(body) > largest:
            says = f"the form is larger than the {largest:,} bytes that are taken here"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, says)
    form = Form(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    if not compare_digest(form.get("csrf").encode(), visit.csrf.encode()):
        raise HTTPException(HTTPStatus.FORBIDDEN, "the form is too old, or not of this console: load the page again")
    return form


def request_id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Misused(f'"{text[:60]}" is no request id: 32 hexadecimal digits, with hyphens or without') from None


def local_path(path: str) -> str:
    """A page of this console; anything else becomes the first page."""
    return path if LOCAL.fullmatch(path) else "/"
