"""The read API. What goes wrong is told as ``{"error": {"message", "type", "remedy"}}``."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel
from starlette.exceptions import HTTPException

from services.ledger.domain.calibration import Calibrations
from services.ledger.domain.kept import Kept
from services.ledger.domain.learned import Planned
from services.ledger.domain.likeness import Learned
from services.ledger.domain.overview import Overview
from services.ledger.domain.reading import Cursor, CursorUnreadable, LedgerAway, Reading, Wanted, in_utc
from services.ledger.domain.spending import Spending
from services.ledger.domain.storable import as_stored
from services.ledger.domain.story import RequestPage, RequestState, RequestStory
from services.ledger.domain.summary import Summary
from services.ledger.domain.tenants import Tenants

Text = Annotated[str, AfterValidator(as_stored)]
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
LATENCY_OF_THE_LEDGER = "the ledger hears of a request shortly after it was admitted"


class ErrorTold(BaseModel):
    """What went wrong, a word for programs, and what to do."""

    message: str
    type: str
    remedy: str


class ErrorAnswer(BaseModel):
    error: ErrorTold


class StatusAnswer(BaseModel):
    status: str


class Failed(Exception):
    """An answer that is an error."""

    def __init__(self, status: HTTPStatus, kind: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.told = ErrorTold(message=message, type=kind, remedy=remedy)


Responses = dict[int | str, dict[str, Any]]

MALFORMED: Responses = {422: {"model": ErrorAnswer, "description": "A parameter is not what it should be"}}
UNAVAILABLE: Responses = {503: {"model": ErrorAnswer, "description": "The ledger cannot answer now"}}
NOT_FOUND: Responses = {404: {"model": ErrorAnswer, "description": "The ledger has not heard of this request"}}


def build_api(ledger: Reading, reading: Callable[[], bool]) -> FastAPI:
    """The API. ``reading`` says whether events are being read."""
    api = FastAPI(title="Model Portfolio: ledger", version="1", docs_url="/docs", redoc_url=None)
    _add_error_shapes(api)
    _add_health(api, ledger, reading)
    _add_requests(api, ledger)
    _add_summary(api, ledger)
    _add_overview(api, ledger)
    _add_spending(api, ledger)
    _add_scores(api, ledger)
    return api


def _add_health(api: FastAPI, ledger: Reading, reading: Callable[[], bool]) -> None:
    @api.get("/live")
    async def live() -> StatusAnswer:
        """Whether the process answers at all."""
        return StatusAnswer(status="live")

    @api.get("/ready", responses=UNAVAILABLE)
    async def ready() -> StatusAnswer:
        """Whether events are read and the database answers."""
        if not reading():
            raise _unavailable("the ledger is not reading events", "wait a moment; if it stays so, see its log")
        await ledger.answers()
        return StatusAnswer(status="ready")


def _add_requests(api: FastAPI, ledger: Reading) -> None:
    @api.get("/requests/{request_id}", responses=NOT_FOUND | MALFORMED | UNAVAILABLE)
    async def request_story(request_id: UUID) -> RequestStory:
        """The whole story of a request: its attempts with their checks, escalations, feedback and totals."""
        story = await ledger.story(request_id)
        if story is None:
            remedy = f"check the id; {LATENCY_OF_THE_LEDGER}, so ask again if it is new; LEDGER_KEEP_DAYS may be over"
            raise Failed(HTTPStatus.NOT_FOUND, "not_found", f"request {request_id} is not in the ledger", remedy)
        return story

    @api.get("/requests", responses=MALFORMED | UNAVAILABLE)
    async def requests(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        state: RequestState | None = None,
        lane: Text | None = None,
        task: Text | None = None,
        tenant: Text | None = None,
        model: Annotated[Text | None, Query(description="any that was asked")] = None,
        tier: Annotated[int | None, Query(ge=0, le=99, description="any that was asked, from 0")] = None,
        reason: Annotated[Text | None, Query(description="why it failed or escalated")] = None,
        since: Moment | None = None,
        until: Moment | None = None,
        cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
    ) -> RequestPage:
        """Requests, newest first, admitted since a time and before another (ISO 8601 with their offsets)."""
        return await ledger.newest(
            Wanted(
                limit=limit,
                state=state,
                lane=lane,
                task=task,
                tenant=tenant,
                model=model,
                tier=tier,
                reason=reason,
                since=since,
                until=until,
                after=Cursor.of(cursor) if cursor else None,
            )
        )


def _add_summary(api: FastAPI, ledger: Reading) -> None:
    @api.get("/summary", responses=MALFORMED | UNAVAILABLE)
    async def summary(
        since: Annotated[Moment | None, Query(description="the last 24 hours unless told")] = None,
    ) -> Summary:
        """What the requests admitted since a time cost and achieved: by lane, model and reason."""
        return await ledger.summary(since)


def _add_overview(api: FastAPI, ledger: Reading) -> None:
    @api.get("/overview", responses=MALFORMED | UNAVAILABLE)
    async def overview(since: Moment, until: Moment, tenant: Text | None = None) -> Overview:
        """What the requests admitted in whole hours cost and achieved, by lane and by day; quick for any span."""
        return await ledger.overview(since, until, tenant)

    @api.get("/tenants", responses=MALFORMED | UNAVAILABLE)
    async def tenants(since: Moment, until: Moment) -> Tenants:
        """What the requests of tenants admitted in whole hours cost and achieved, lane by lane."""
        return await ledger.tenants(since, until)


def _add_spending(api: FastAPI, ledger: Reading) -> None:
    @api.get("/spending", responses=UNAVAILABLE)
    async def spending() -> Spending:
        """What each tenant spent of this day and this month (UTC), by when its requests were admitted."""
        return await ledger.spending()

    @api.get("/kept", responses=UNAVAILABLE)
    async def kept() -> Kept:
        """How far back requests are kept (`LEDGER_KEEP_DAYS`); sums of hours reach further."""
        return await ledger.kept()


def _add_scores(api: FastAPI, ledger: Reading) -> None:
    @api.get("/scores", responses=MALFORMED | UNAVAILABLE)
    async def scores(
        since: Annotated[Moment | None, Query(description="of the checks; 30 days unless told")] = None,
    ) -> Learned:
        """What each model path achieves in a task class, and how often checks erred, by what people said."""
        return await ledger.learned(since)

    @api.get("/judges", responses=MALFORMED | UNAVAILABLE)
    async def judges(
        since: Annotated[Moment | None, Query(description="30 days unless told")] = None,
        most_wrong: Annotated[float, Query(gt=0, lt=1, description="of what a judge accepts, borne to be wrong")] = 0.1,
    ) -> Calibrations:
        """Judges held against what people said of answers: their errors at each threshold, and which to trust."""
        return await ledger.judges(since, most_wrong)

    @api.get("/plans", responses=MALFORMED | UNAVAILABLE)
    async def plans(
        since: Annotated[Moment | None, Query(description="the last seven days unless told")] = None,
    ) -> Planned:
        """How the router planned for the newest request of each lane and task class."""
        return await ledger.planned(since)


def _add_error_shapes(api: FastAPI) -> None:
    @api.exception_handler(Failed)
    async def failed(_: Request, error: Failed) -> Response:
        return _answer(error)

    @api.exception_handler(CursorUnreadable)
    async def cursor_unreadable(_: Request, error: CursorUnreadable) -> Response:
        return _answer(_malformed(f"cursor: {error}", "take `next` of the page before, or leave the cursor out"))

    @api.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return _answer(_malformed(told, "see /docs for the parameters and their forms"))

    @api.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        kind = HTTPStatus(error.status_code).name.lower()
        told = f"{request.method} {request.url.path}: {error.detail}"
        return _answer(Failed(HTTPStatus(error.status_code), kind, told, "see /docs for what can be asked"))

    @api.exception_handler(LedgerAway)
    async def away(_: Request, error: LedgerAway) -> Response:
        return _answer(_unavailable(f"the database cannot answer ({error})", "ask again in a moment"))


def _malformed(message: str, remedy: str) -> Failed:
    return Failed(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message, remedy)


def _unavailable(message: str, remedy: str) -> Failed:
    return Failed(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message, remedy)


def _answer(error: Failed) -> Response:
    return JSONResponse(ErrorAnswer(error=error.told).model_dump(), status_code=error.status)
