"""The parameters that are passed through to models; any other is refused by name, never silently dropped."""

from schemas.chat import UNSUPPORTED, Params, Unsupported, VectorParams
from schemas.content import Json

PASSED = frozenset(Params.model_fields)
PASSED_FOR_VECTORS = frozenset(VectorParams.model_fields)
REFUSED = {**UNSUPPORTED, "stream": Unsupported("leave it out", (False,))}
UNKNOWN = Unsupported("leave it out")


def why_unsupported(params: Json, *, for_vectors: bool = False) -> str | None:
    """The first parameter that cannot be honoured, with the remedy; ``None`` when all can."""
    passed = PASSED_FOR_VECTORS if for_vectors else PASSED
    for name, value in params.items():
        if name in passed:
            continue
        how = REFUSED.get(name)
        if how is None or how.asks_for(value):
            return f"params.{name} is not supported: {(how or UNKNOWN).remedy}"
    return None


def passed_params(params: Json) -> Json:
    """What goes on to the model."""
    return {name: value for name, value in params.items() if name in PASSED | PASSED_FOR_VECTORS and value is not None}
