"""The validator's handler, ready to judge."""

from typing import Any

import pytest
from answered_attempts import RECEIVED, Asked, Judge, OneRevision, portfolio_with

from schemas.fact import Event
from schemas.reaction import Said
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers


@pytest.fixture
def schemas() -> SchemaChecker:
    return SchemaChecker(kept=16)


@pytest.fixture
def judge(schemas: SchemaChecker) -> Judge:
    """Hands an attempt to the handler, in a lane with these checks, and returns the one event that it says."""

    def run(asked: Asked, checks: list[Any] | None = None) -> Event:
        handlers = Handlers(OneRevision(portfolio_with(checks or [])), schemas)
        (said,) = handlers.on_attempt_completed(asked.completed(), RECEIVED).says
        assert isinstance(said, Said)
        return said.event

    return run
