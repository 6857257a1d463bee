"""The gateway before browsers: pages of the origins that are set may call it, and read what it answers."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from services.gateway.domain.origins import EXPOSED, origins_in

METHODS = ("GET", "POST", "DELETE")


def open_to(app: ASGIApp, origins: str) -> ASGIApp:
    """The app, outside of all that answers within, so that errors can be read too; as it is where no origin is set.

    Keys come in a header that the page sends: no cookies are taken, and a page of another origin has no key to send.
    """
    allowed = origins_in(origins)
    if not allowed:
        return app
    return CORSMiddleware(app, allowed, METHODS, allow_headers=("*",), expose_headers=EXPOSED)
