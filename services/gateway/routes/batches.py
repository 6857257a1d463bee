"""OpenAI's batches over HTTP: begun, told and cancelled; the work is done beside it."""

from uuid import UUID

from fastapi import Request, Response
from pydantic_core import to_json

from services.gateway.adapters.batches import Batches
from services.gateway.adapters.client import Bounds, ClientLeft, read_body
from services.gateway.adapters.gate import ANYONE
from services.gateway.domain.batch import (
    BatchStatus,
    Json,
    batch_id_in,
    batch_page_in,
    batch_told,
    ended_already,
    new_batch_of,
)
from services.gateway.domain.files import BATCH, file_id_in, listed
from services.gateway.domain.problems import wrong
from services.gateway.domain.repeats import key_in
from services.gateway.routes.chat import CLIENT_LEFT
from services.gateway.routes.desk import Desk
from services.gateway.routes.files import batches_of

LARGEST_BYTES = 65_536


async def begin_batch(desk: Desk, request: Request) -> Response:
    """A batch of a file's lines, which are checked from now on."""
    visit, key = await desk.visit(request), key_in(request.headers)
    batches, tenant = batches_of(desk), visit.key.tenant
    try:
        body = await read_body(request, Bounds(LARGEST_BYTES, LARGEST_BYTES, lambda: None), desk.config.body_timeout_s)
    except ClientLeft:
        return Response(status_code=CLIENT_LEFT)
    asked = new_batch_of(body)
    file_id = file_id_in(asked.input_file_id)
    batch = await batches.store.begun(tenant, asked, file_id, key)
    if batch is None:
        await _check_input(batches, tenant, file_id)
        key_id = None if visit.key is ANYONE else visit.key.id
        batch = await batches.store.create(tenant, key_id, asked, file_id, key)
        batches.look()
    return _json(batch_told(batch))


async def _check_input(batches: Batches, tenant: str, file_id: UUID) -> None:
    file = await batches.files.store.find(tenant, file_id)
    if file.purpose != BATCH:
        raise wrong("input_file_id", "input_file_id: a file of the purpose batch is wanted", "invalid_value")


async def list_batches(desk: Desk, request: Request) -> Response:
    """The tenant's batches, the newest first."""
    visit = await desk.visit(request)
    found, has_more = await batches_of(desk).store.page(visit.key.tenant, batch_page_in(request.query_params))
    return _json(listed([batch_told(batch) for batch in found], has_more=has_more))


async def show_batch(desk: Desk, request: Request, told: str) -> Response:
    """How one stands."""
    visit = await desk.visit(request)
    return _json(batch_told(await batches_of(desk).store.find(visit.key.tenant, batch_id_in(told))))


async def cancel_batch(desk: Desk, request: Request, told: str) -> Response:
    """No further line is asked, and those under way are cancelled."""
    visit = await desk.visit(request)
    store, batch_id = batches_of(desk).store, batch_id_in(told)
    batch = await store.cancel(visit.key.tenant, batch_id) or await store.find(visit.key.tenant, batch_id)
    if batch.status is not BatchStatus.CANCELLING:
        raise ended_already(batch)
    return _json(batch_told(batch))


def _json(told: Json) -> Response:
    return Response(to_json(told), media_type="application/json")
