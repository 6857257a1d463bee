"""What a client means by an address that is not quite one of the gateway's."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 200
"""Characters of an address that is compared: a longer one is near to none."""
ALIKE = 0.8
VERSION = "/v1"


def without_slash(path: str) -> str:
    """The same address, without the slashes that some clients write after it."""
    return path.rstrip("/") or "/"


OTHERS = {
    "/health": "/ready",
    "/health/liveliness": "/live",
    "/health/liveness": "/live",
    "/health/readiness": "/ready",
    "/model/info": "/v1/models",
    "/v1/model/info": "/v1/models",
    "/model_group/info": "/v1/models",
    "/key/generate": "/admin/keys",
    "/key/info": "/admin/keys",
}
"""What clients of LiteLLM's proxy ask, and where the same is found here."""


def nearest(path: str, served: Iterable[str]) -> str | None:
    """The address that is meant most likely, such as one without ``/v1``, or with another API's way before it."""
    if len(path) > LONGEST:
        return None
    known = sorted(served)
    if OTHERS.get(path) in known:
        return OTHERS[path]
    ends = (each for each in known if path.endswith(each.removeprefix(VERSION)) and each.startswith(VERSION))
    return max(ends, key=len, default=None) or next(iter(get_close_matches(path, known, n=1, cutoff=ALIKE)), None)
