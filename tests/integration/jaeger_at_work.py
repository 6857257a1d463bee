"""A Jaeger that runs: spans for it, and what it gives back."""

import secrets
import time
from typing import Any

import httpx
import pytest

from infra.local.jaeger import EmbeddedJaeger, jaeger_binary

built = pytest.mark.skipif(jaeger_binary() is None, reason="Jaeger is not built: run `make jaeger`")


def span(trace_id: str, name: str, parent: str = "") -> dict[str, Any]:
    """One span in OTLP's JSON form."""
    now_ns = time.time_ns()
    return {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "parentSpanId": parent,
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(now_ns - 1_000_000),
        "endTimeUnixNano": str(now_ns),
    }


def export(jaeger: EmbeddedJaeger, service: str, *spans: dict[str, Any]) -> None:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    httpx.post(f"{jaeger.address}/v1/traces", json=body, trust_env=False).raise_for_status()


def read(jaeger: EmbeddedJaeger, trace_id: str) -> list[dict[str, Any]]:
    """The spans of a trace, none while it is unknown."""
    answer = httpx.get(f"{jaeger.query_address}/api/traces/{trace_id}", trust_env=False)
    return answer.json()["data"][0]["spans"] if answer.status_code == 200 else []
