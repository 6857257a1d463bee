"""Connections to a provider that were never made, whichever adapter tried: nothing was asked, and nothing is billed."""

import aiohttp

from schemas.vocabulary import Reason
from services.model_worker.domain.calls import CallFailed

NO_CONNECTION = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


def unreachable(error: BaseException) -> CallFailed:
    """The failure of a call by one of :data:`NO_CONNECTION`."""
    detail = f"no connection to the provider ({type(error).__name__}): check base_url and the endpoint"
    return CallFailed(Reason.UNREACHABLE, detail)
