"""A verified answer, kept to be served again to whoever asks exactly the same: what travels of that."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from schemas.content import Body
from schemas.fact import Fact
from schemas.vocabulary import DataClass, OpenVerdict

PRIVATE = (DataClass.CONFIDENTIAL, DataClass.RESTRICTED)
"""The data classes whose answers no cache keeps, and whose content is sealed where there are keys."""
LONGEST_KEPT_S = 604_800


class LaneCache(Fact):
    """Verified answers of a lane, kept for so long for exactly the same request of the same tenant.

    Only of requests of these data classes, in whose text nothing personal and no secret was found.
    """

    model_config = ConfigDict(strict=False)

    for_s: int = Field(ge=1, le=LONGEST_KEPT_S)
    data_classes: Annotated[tuple[DataClass, ...], Field(min_length=1)] = (DataClass.PUBLIC, DataClass.INTERNAL)

    @model_validator(mode="after")
    def _keeps_nothing_private(self) -> Self:
        if private := next((each for each in self.data_classes if each in PRIVATE), None):
            raise ValueError(f"answers to {private} requests are never kept: take {private} out of data_classes")
        return self


class CheckSummary(Fact):
    """A check by name, as the client sees it."""

    name: str
    verdict: OpenVerdict


class Recalled(Fact):
    """An answer that was kept. ``request_id``: whose it was first, and where its checks passed."""

    request_id: UUID
    lane: str
    model: str
    provider: str
    answer: Body
    checks: tuple[CheckSummary, ...] = ()


class Recall(Fact):
    """What the gateway's cache says of a request. ``key`` names all that it asks, of whom, under which revision.

    ``found``: the answer that is kept under it; absent where there is none, or where the client wants a new one.
    """

    key: str
    revision: str
    found: Recalled | None = None


class Keep(Fact):
    """Under which key a request's answer is to be kept, once it is verified, and for how long."""

    key: str
    for_s: int = Field(ge=1)
