"""The ledger's read API."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from schemas.content import Json
from services.console.adapters.http_api import HttpApi

PATIENCE_S = 2.0
"""The ledger reads in batches, a moment behind."""


class Ledger:
    """What was recorded. Answers are the API's own JSON: ``/docs`` of the ledger describes it."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api

    async def story(self, request_id: UUID, patience_s: float = PATIENCE_S) -> Json | None:
        """The whole story of a request; ``None`` when the ledger has not heard of it."""
        return await self._api.get_soon(f"/requests/{request_id}", patience_s)

    async def requests(self, asked: Mapping[str, str]) -> Json:
        """A page of requests, the newest first."""
        return await self._api.get("/requests", asked) or {}

    async def overview(self, since: datetime, until: datetime, tenant: str | None = None) -> Json:
        """What the requests of these hours cost and achieved; of one tenant, or of all."""
        own = {"tenant": tenant} if tenant else {}
        return await self._api.get("/overview", {"since": since.isoformat(), "until": until.isoformat(), **own}) or {}

    async def tenants(self, since: datetime, until: datetime) -> Json:
        """What the requests that tenants sent in these hours cost and achieved, lane by lane."""
        return await self._api.get("/tenants", {"since": since.isoformat(), "until": until.isoformat()}) or {}

    async def spending(self) -> Json:
        """What each tenant spent of this day and this month."""
        return await self._api.get("/spending") or {}

    async def kept(self) -> Json:
        """When the oldest request that is kept was admitted, and through when requests were let go of."""
        return await self._api.get("/kept") or {}

    async def newest(self) -> UUID | None:
        """The request that was admitted last; ``None`` when there is none."""
        page = await self._api.get("/requests", {"limit": "1"}) or {}
        requests = page.get("requests") or []
        return UUID(requests[0]["request_id"]) if requests else None

    async def summary(self, since: str | None) -> Json:
        """What requests cost and achieved, since a time (ISO 8601); of the last day when ``None``."""
        return await self._api.get("/summary", {"since": since} if since else None) or {}

    async def scores(self, since: str) -> Json:
        """What models achieve in each task class, and how often checks erred since a time."""
        return await self._api.get("/scores", {"since": since}) or {}

    async def judges(self, since: str, most_wrong: float) -> Json:
        """Judges held against what people said of answers since a time."""
        return await self._api.get("/judges", {"since": since, "most_wrong": str(most_wrong)}) or {}

    async def plans(self) -> Json:
        """How the router planned for the newest request of each lane and task class."""
        return await self._api.get("/plans") or {}
