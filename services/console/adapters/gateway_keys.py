"""API keys, as the gateway's administration keeps them."""

from typing import Any

import httpx

from schemas.content import Json
from services.console.domain.failures import CannotReach, CommandFailed, Refused

KEYS = "/admin/keys"


class GatewayKeys:
    """Calls the gateway under a key of the scope admin. Raises :class:`CannotReach` and :class:`Refused`."""

    def __init__(self, root: str, api_key: str, timeout_s: float) -> None:
        self._root = root.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout_s = timeout_s

    async def create(self, wish: Json) -> Json:
        """A new key; ``key`` in it is the secret, which is told this once."""
        return await self._call("POST", KEYS, json=wish)

    async def all_of(self, tenant: str | None) -> list[Json]:
        """The keys of a tenant, or of all."""
        return (await self._call("GET", KEYS, params={"tenant": tenant} if tenant else None))["keys"]

    async def revoke(self, key_id: str) -> Json:
        """The key, now good for nothing."""
        return await self._call("DELETE", f"{KEYS}/{key_id}")

    async def rotate(self, key_id: str, overlap_s: int) -> Json:
        """A key like it, and when the old one ends."""
        return await self._call("POST", f"{KEYS}/{key_id}/rotate", json={"overlap_s": overlap_s})

    async def _call(self, method: str, path: str, **told: Any) -> Any:
        try:
            async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False) as client:
                answer = await client.request(method, f"{self._root}{path}", headers=self._headers, **told)
            value = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            why = f"the gateway at {self._root} cannot be reached ({type(error).__name__})"
            raise CannotReach(f"{why}: start it with `make up`, or give --gateway") from error
        if answer.is_success:
            return value
        raise _refused(answer.status_code, value)


def _refused(status: int, value: Any) -> CommandFailed:
    error = value.get("error") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    said = error.get("message") if isinstance(error, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if status == httpx.codes.UNAUTHORIZED:
        return Refused(f"{said} CONSOLE_API_KEY holds the key of the console; `make up` writes one.")
    if status == httpx.codes.SERVICE_UNAVAILABLE:  # its database, which keeps the keys, is away
        return CannotReach(str(said or f"the gateway answered {status}"))  # pyright: ignore[reportUnknownArgumentType]
    return Refused(str(said or f"the gateway answered {status}"))  # pyright: ignore[reportUnknownArgumentType]
