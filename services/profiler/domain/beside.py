"""What stands beside the messages of a request and has its place elsewhere: its client believes that it counts.

Names that nobody knows are passed over there, for a newer writer may mean something by them. These are known. The
gateway's own requests are not looked at: it has read its client's body.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from schemas.chat import PASSED, PASSED_FOR_VECTORS, UNSUPPORTED, Unsupported
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import Reason

PARAMS = PASSED | PASSED_FOR_VECTORS
EXTRAS = "portfolio"
"""The object in which the gateway takes what the portfolio is told."""
INTO_PARAMS, OUT_OF_EXTRAS = "put it into params", "write what it holds beside messages, in the request itself"
STREAM = Unsupported("an answer comes whole, as request.completed: leave it out", (False,))
_NAMES: dict[str, Any] = dict.fromkeys((*PARAMS, *UNSUPPORTED, EXTRAS), (Any, None))
_Beside: type[BaseModel] = create_model("_Beside", __config__=ConfigDict(protected_namespaces=()), **_NAMES)


def why_misplaced(value: bytes | str) -> Refusal | None:
    """What in a request's JSON would be passed over, and where it belongs; ``None`` where all counts."""
    beside = _Beside.__pydantic_validator__.validate_json(value or b"{}")
    for name in sorted(beside.model_fields_set):
        if (refusal := _why_not(name, getattr(beside, name))) is not None:
            return refusal
    return None


def why_no_stream(asked: RequestSubmitted) -> Refusal | None:
    """Why a stream is refused that nobody could read."""
    return _unsupported("stream", STREAM) if STREAM.asks_for(asked.stream) else None


def _why_not(name: str, value: Any) -> Refusal | None:
    if (found := UNSUPPORTED.get(name)) is not None:
        return _unsupported(name, found) if found.asks_for(value) else None
    remedy = OUT_OF_EXTRAS if name == EXTRAS else INTO_PARAMS
    return None if value is None else Refusal(reason=Reason.INVALID_REQUEST, detail=f"{name}: {remedy}")


def _unsupported(name: str, found: Unsupported) -> Refusal:
    return Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=f"{name} is not supported: {found.remedy}")
