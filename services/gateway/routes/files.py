"""OpenAI's files for batches over HTTP: sent, told, read and deleted; each tenant has its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import Request, Response
from pydantic_core import to_json
from starlette.responses import StreamingResponse

from services.gateway.adapters.batches import Batches
from services.gateway.adapters.client import ClientLeft
from services.gateway.adapters.upload import Upload
from services.gateway.domain.files import (
    PURPOSE,
    StoredFile,
    batches_unavailable,
    file_id_in,
    file_id_of,
    file_told,
    is_none_of,
    kept_s_in,
    listed,
    page_in,
    purpose_in,
)
from services.gateway.domain.problems import Refused
from services.gateway.routes.chat import CLIENT_LEFT
from services.gateway.routes.desk import Desk

NO_STORE = {"cache-control": "no-store"}


def batches_of(desk: Desk) -> Batches:
    """Files and batches. Raises ``Refused`` where there is no database."""
    if desk.batches is None:
        raise batches_unavailable()
    return desk.batches


async def send_file(desk: Desk, request: Request) -> Response:
    """Keep a file that a form holds, part by part as it comes."""
    upload = Upload(request, desk.config.batch_max_bytes, desk.config.body_timeout_s)
    try:
        return _json(file_told(await _kept(desk, request, upload)))
    except ClientLeft:
        return Response(status_code=CLIENT_LEFT)
    except Refused as refused:
        raise Refused(replace(refused.problem, unread=not await upload.skim())) from None


async def _kept(desk: Desk, request: Request, upload: Upload) -> StoredFile:
    visit = await desk.visit(request)
    files, most_s = batches_of(desk).files, desk.config.batch_kept_s
    async with await files.begin(visit.key.tenant, desk.portfolio().portfolio) as writing:
        await upload.read(writing.write)
        purpose, kept_s = purpose_in(upload.fields), kept_s_in(upload.fields, most_s)
        return await writing.kept(purpose, upload.filename or "", kept_s)


async def list_files(desk: Desk, request: Request) -> Response:
    """The tenant's files."""
    visit = await desk.visit(request)
    page, purpose = page_in(request.query_params), request.query_params.get(PURPOSE)
    store = batches_of(desk).files.store
    if is_none_of(purpose):
        return _json(listed([], has_more=False))
    files, has_more = await store.page(visit.key.tenant, purpose, page)
    return _json(listed([file_told(file) for file in files], has_more=has_more))


async def show_file(desk: Desk, request: Request, told: str) -> Response:
    """One file."""
    visit = await desk.visit(request)
    return _json(file_told(await batches_of(desk).files.store.find(visit.key.tenant, file_id_in(told))))


async def read_file(desk: Desk, request: Request, told: str) -> Response:
    """What a file holds. What cannot be had at all is told before the answer begins."""
    visit = await desk.visit(request)
    files = batches_of(desk).files
    file = await files.store.find(visit.key.tenant, file_id_in(told))
    content = files.content(file.id)
    first = await anext(content, b"")
    return StreamingResponse(_from(first, content), media_type="application/octet-stream", headers=NO_STORE)


async def delete_file(desk: Desk, request: Request, told: str) -> Response:
    """Erase a file, unless a batch still reads it."""
    visit = await desk.visit(request)
    files = batches_of(desk).files
    file = await files.store.find(visit.key.tenant, file_id_in(told))
    await files.forget(file)
    return _json({"id": file_id_of(file.id), "object": "file", "deleted": True})


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _json(value: dict[str, object]) -> Response:
    return Response(to_json(value), media_type="application/json", headers=NO_STORE)
