"""The parameters that are passed through to models; any other is refused by name, never silently dropped."""

from schemas.chat import PASSED, PASSED_FOR_VECTORS, UNSUPPORTED, WHOLE, Unsupported, whole
from schemas.content import Json
from schemas.places import shown
from schemas.request import RequestSubmitted

TAKEN = PASSED | PASSED_FOR_VECTORS
REFUSED = {**UNSUPPORTED, "stream": Unsupported("leave it out", (False,))}
UNKNOWN, BESIDE = Unsupported("leave it out"), Unsupported("it stands beside params, in the request itself")


def why_unsupported(params: Json, *, for_vectors: bool = False) -> str | None:
    """The first parameter that cannot be honoured, with the remedy; ``None`` when all can."""
    passed = PASSED_FOR_VECTORS if for_vectors else PASSED
    for name, value in params.items():
        if name in passed:
            continue
        how = REFUSED.get(name, BESIDE if name in RequestSubmitted.model_fields else UNKNOWN)
        if name not in REFUSED or how.asks_for(value):
            return f"params.{shown(name)} is not supported: {how.remedy}"
    return None


def passed_params(params: Json) -> Json:
    """What goes on to the model."""
    told = ((name, value) for name, value in params.items() if name in TAKEN and value is not None)
    return {name: whole(value) if name in WHOLE else value for name, value in told}
