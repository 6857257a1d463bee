"""Providers with an API of their own, through LiteLLM. Imported only where a portfolio names it: 2-4 s, 180 MB.

LiteLLM's retries are off, so that one attempt is one call, and its deadline is ours. ``model`` of an endpoint is
LiteLLM's name (``anthropic/...``, ``azure/...``).
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.content import Json
from schemas.vocabulary import Reason
from services.model_worker.adapters.litellm_transport import SENDING, failure_on_the_wire, fetch_nothing, guard
from services.model_worker.domain.calls import Billed, Call, CallFailed, Outcome, Sending, Tell
from services.model_worker.domain.completion import outcome_of, parsed
from services.model_worker.domain.refusals import failure_of
from services.model_worker.domain.shapes import list_in, object_in, text_in
from services.model_worker.domain.written import BROKE_OFF, Stream, streamed

SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",
}
BY_ADDRESS = (
    "this provider's API takes no picture or file by its address, and no worker fetches one: "
    "send it in the message, as a data URL (data:image/png;base64,...)"
)
READS_PICTURES = ("gigachat/",)
"""Vendors for whom LiteLLM reads a picture past its own ``url_utils``, and asks without it where it could not."""
# Who calls sets the times, and cancels the call then; LiteLLM would otherwise set one of its own.
NO_TIMEOUT_S = 86_400.0
# LiteLLM takes its own options (api_base, mock_response, ...) among the parameters: a client's may only be OpenAI's.
PARAMETERS = frozenset(
    "model messages tools tool_choice parallel_tool_calls response_format functions function_call temperature top_p n "
    "stop seed max_tokens max_completion_tokens presence_penalty frequency_penalty logit_bias logprobs top_logprobs "
    "user reasoning_effort verbosity prediction modalities audio service_tier store safety_identifier "
    "prompt_cache_key web_search_options".split()
)
PARAMETERS_OF_EMBEDDINGS = frozenset({"model", "input", "dimensions", "user"})


def import_litellm(most_bytes: int) -> Any:
    """The library, told to fetch nothing, read no .env file and take no larger answer than ``most_bytes``.

    Blocks: call it off the event loop. Raises ``ImportError`` without the extra ``model-worker-litellm``.
    """
    os.environ.update(SETTINGS)
    import litellm
    from litellm.litellm_core_utils import url_utils
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    guard(AsyncHTTPHandler, most_bytes)
    fetch_nothing(url_utils, litellm.exceptions.ImageFetchError)
    litellm.suppress_debug_info = True
    litellm.drop_params = False
    return litellm


class LiteLLM:
    """One provider through LiteLLM. Implements :class:`services.model_worker.domain.calls.Adapter`.

    ``settings`` go along with each call, so that providers of one process keep apart; what they leave unsaid LiteLLM
    takes from the environment. ``headers`` are sent to the provider. Both may hold secrets.
    """

    address = None
    holds = None

    def __init__(
        self,
        litellm: Any,
        base_url: str | None,
        api_key: str | None,
        settings: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._litellm = litellm
        told = {"api_base": base_url, "api_key": api_key, **(settings or {})}
        self._told = {name: value for name, value in told.items() if value}
        self._headers = dict(headers or {})

    async def call(self, call: Call, tell: Tell | None = None, sending: Sending | None = None) -> Outcome:
        if refused := sorted(call.payload.keys() - (PARAMETERS_OF_EMBEDDINGS if call.vectors else PARAMETERS)):
            return CallFailed(Reason.INVALID_REQUEST, f"no parameter of this API: {', '.join(refused)}")
        if str(call.payload.get("model")).startswith(READS_PICTURES) and _names_a_picture(call.payload):
            return CallFailed(Reason.LACKS_ABILITY, BY_ADDRESS)
        told = SENDING.set(sending)
        try:
            response = await self._asked(call, call.payload if tell is None else streamed(call.payload))
            if tell is not None:
                return await _followed(response, call, Stream(tell))
        except Exception as error:
            # All of its errors derive from different classes of the openai package, and some from none.
            return failure_from(error, self._litellm.exceptions)
        finally:
            SENDING.reset(told)
        return outcome_of(response.model_dump_json().encode(), call)

    async def _asked(self, call: Call, payload: Json) -> Any:
        headers = {**self._headers, "Idempotency-Key": str(call.attempt_id)}
        told = {**payload, **self._told, "extra_headers": headers}
        if call.vectors:
            return await self._litellm.aembedding(
                **told,
                num_retries=0,
                max_retries=0,
                timeout=NO_TIMEOUT_S,
                # It would let only models whose names it knows have this; the provider may refuse it.
                allowed_openai_params=["dimensions"],
            )
        return await self._litellm.acompletion(
            **told,
            num_retries=0,
            max_retries=0,
            timeout=NO_TIMEOUT_S,
            # It looks for tools that it would run itself, and fails at any tool without a package for that.
            _skip_mcp_handler=True,
        )

    async def close(self) -> None:
        """LiteLLM keeps its clients for the process."""


def _names_a_picture(payload: Json) -> bool:
    """Whether a message names one by its address, and does not hold it."""
    parts = (
        part for message in list_in(payload.get("messages")) for part in list_in(object_in(message).get("content"))
    )
    told = (object_in(part).get("image_url") for part in parts)
    urls = (text_in(each) or text_in(object_in(each).get("url")) for each in told)
    return any(url and not url.startswith("data:") for url in urls)


async def _followed(chunks: Any, call: Call, stream: Stream) -> Outcome:
    """Read a stream to its end. LiteLLM gives its chunks in OpenAI's words, whoever the provider is."""
    async for chunk in chunks:
        stream.add(object_in(parsed(json.dumps(chunk.model_dump(), default=str).encode())))
    if getattr(chunks, "received_finish_reason", "") is None:
        # LiteLLM makes one up where the provider gave none.
        return CallFailed(Reason.PROVIDER_ERROR, BROKE_OFF, Billed.UNKNOWN)
    return stream.outcome(call)


def failure_from(error: Exception, exceptions: Any) -> CallFailed:
    """The typed failure of an exception of LiteLLM's. Its message may quote the prompt, and is not repeated.

    LiteLLM gives a status to what had none, so that the error that it was made from is asked first.
    """
    if isinstance(error, exceptions.ContextWindowExceededError):
        return CallFailed(Reason.CONTEXT_TOO_LONG, "the request is longer than the model's context")
    if isinstance(error, exceptions.ContentPolicyViolationError):
        return CallFailed(Reason.CONTENT_FILTERED, "the provider's content filter refused the request")
    causes = list(_causes(error))
    if any(isinstance(cause, exceptions.ImageFetchError) for cause in causes):
        return CallFailed(Reason.LACKS_ABILITY, BY_ADDRESS)
    return failure_on_the_wire(causes) or _failure_by_status(error, exceptions)


def _failure_by_status(error: Exception, exceptions: Any) -> CallFailed:
    if isinstance(error, exceptions.Timeout):
        return CallFailed(Reason.TIMEOUT, "the provider gave up waiting", Billed.UNKNOWN)
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        detail = f"LiteLLM failed ({type(error).__name__}): check the endpoint's model and the provider's settings"
        return CallFailed(Reason.PROVIDER_ERROR, detail, Billed.UNKNOWN)
    if status >= 500:
        detail = f"LiteLLM can make no answer of what the provider sent ({type(error).__name__})"
        return CallFailed(Reason.BAD_ANSWER, detail, Billed.UNKNOWN)
    return failure_of(status, None, b"", datetime.now(UTC))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was made from."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        yield current
        seen.append(current)
        current = current.__cause__ or current.__context__
