"""The OTLP receiver, asked with an export that holds nothing."""

import httpx

from services.console.domain.failures import CannotReach

PROTOBUF = {"content-type": "application/x-protobuf"}


async def takes_spans(address: str, timeout_s: float) -> None:
    """Raises :class:`CannotReach` when it does not take spans."""
    try:
        async with httpx.AsyncClient(timeout=timeout_s) as client:
            answer = await client.post(f"{address.rstrip('/')}/v1/traces", content=b"", headers=PROTOBUF)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotReach(f"{address} does not take spans ({type(error).__name__})") from error
