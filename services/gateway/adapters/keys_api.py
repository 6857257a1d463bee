"""The administration of API keys over HTTP: what `portfolio keys` calls, under a key of the scope admin."""

from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from schemas.content import Json
from schemas.standing import PortfolioRevised
from services.gateway.adapters.gate import Gate
from services.gateway.adapters.key_store import KeyStore
from services.gateway.domain.keys import Rotation, Scope, Wish, allowed, is_id, is_tenant, rotation_of, wish_of
from services.gateway.domain.problems import no_such_key, too_large

KEYS = "/admin/keys"
LARGEST_BYTES = 65_536


def keys_api(gate: Gate, store: KeyStore, revised: Callable[[], PortfolioRevised | None]) -> APIRouter:
    """Keys made, listed, revoked and rotated. The secret of a key is told once, when it is made.

    ``revised``: the portfolio in force, whose lanes a new key may name.
    """

    async def administers(request: Request) -> None:
        await gate.key_of(request.headers, Scope.ADMIN)

    api = APIRouter(tags=["keys"], dependencies=[Depends(administers)])

    @api.post(KEYS, status_code=201, openapi_extra=_takes(Wish))
    async def create(request: Request) -> Response:
        now = revised()
        wish = allowed(wish_of(await _body(request)), now.portfolio.lanes if now else None)
        key, secret = await store.create(wish)
        return _json({"key": secret, **key.told()}, 201)

    @api.get(KEYS)
    async def listing(tenant: str | None = None) -> Response:
        keys = await store.all_of(tenant) if tenant is None or is_tenant(tenant) else []
        return _json({"keys": [key.told() for key in keys]})

    @api.delete(KEYS + "/{key_id}")
    async def revoke(key_id: str) -> Response:
        if not is_id(key_id) or (key := await store.revoke(key_id)) is None:
            raise no_such_key()
        return _json(key.told())

    @api.post(KEYS + "/{key_id}/rotate", status_code=201, openapi_extra=_takes(Rotation))
    async def rotate(request: Request, key_id: str) -> Response:
        overlap = timedelta(seconds=rotation_of(await _body(request)).overlap_s)
        if not is_id(key_id) or (made := await store.rotate(key_id, overlap)) is None:
            raise no_such_key()
        key, secret, old_ends_at = made
        return _json({"key": secret, **key.told(), "old": {"id": key_id, "ends_at": old_ends_at}}, 201)

    return api


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BYTES:
            raise too_large(LARGEST_BYTES)
    return body


def _takes(kind: type[Wish | Rotation]) -> Json:
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def _json(value: Json, status: int = 200) -> Response:
    return Response(to_json(value), status, media_type="application/json", headers={"cache-control": "no-store"})
