"""Whatever the OpenAPI document allows, and much that it does not: nothing breaks, and no answer is undocumented."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 25
QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def _try_all(url: str, mode: GenerationMode) -> set[str]:
    """Ask at every address; those that were asked."""
    tried: set[str] = set()
    for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # there is nothing in them that could be wrong

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=QUIET)
        @given(case=operation.as_strategy(mode))
        def ask(case: Case) -> None:
            tried.add(f"{case.method} {case.operation.path}")
            case.validate_response(case.call(base_url=url, timeout=10), checks=CHECKS)

        ask()
    return tried


@pytest.mark.parametrize(("mode", "least"), [(GenerationMode.POSITIVE, 22), (GenerationMode.NEGATIVE, 9)])
async def test_no_request_breaks_it_and_every_answer_is_documented(
    gateway: Callable[..., Any], mode: GenerationMode, least: int
):
    async with gateway(remembering=True) as running:
        tried = await asyncio.to_thread(_try_all, running.url, mode)
        assert len(running.waiting) == 0
    assert len(tried) >= least


async def test_no_reference_leads_nowhere(gateway: Callable[..., Any]):
    async with gateway() as running, httpx.AsyncClient() as client:
        document = await client.get(f"{running.url}/openapi.json")
    assert "#/$defs/" not in document.text, "the schemas of bodies stand in the document whole"
