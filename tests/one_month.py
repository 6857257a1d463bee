"""A tenant's month that does not end under a test: what is held counts for the day on which the test began."""

from datetime import UTC, datetime

import pytest

from schemas.portfolio import Tenant
from schemas.request import RequestProfiled
from services.profiler.domain.budget import Hold, hold_of


def stay_in_this_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all profilers of this process."""
    now = datetime.now(UTC)

    def held_now(event: RequestProfiled, tenant: Tenant | None) -> Hold | None:
        request = event.request.model_copy(update={"admitted_at": now})
        return hold_of(event.model_copy(update={"request": request}), tenant)

    monkeypatch.setattr("services.profiler.handlers.hold_of", held_now)
