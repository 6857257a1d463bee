"""What the OpenAPI document says of the routes whose bodies FastAPI does not read itself."""

from typing import Any, cast

from pydantic import BaseModel

from schemas.chat import Unsupported
from services.gateway.domain import messages_request, responses_request
from services.gateway.domain.chat_request import REFUSED, ChatRequest
from services.gateway.domain.embeddings import EmbeddingsRequest
from services.gateway.domain.feedback import Feedback
from services.gateway.domain.followed import LONGEST_WAIT_S, FollowedRequest
from services.gateway.domain.json_body import Refusals
from services.gateway.domain.proxy_parameters import OF_PROXIES

Json = dict[str, Any]

ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
            },
        }
    },
}
REFUSALS = {
    "400": "The request is not valid, or asks for something unsupported; `param` names it.",
    "401": "The API key is missing, unknown, revoked or expired.",
    "402": "The request's budget is spent.",
    "403": "The API key does not allow it.",
    "404": "There is no such model, or no such request of yours.",
    "408": "The body did not come whole in time.",
    "409": "The request was cancelled.",
    "410": "The content of the request was erased.",
    "413": "The body is too large.",
    "415": "The body does not call itself JSON, or is packed.",
    "422": "The Idempotency-Key was sent before with another body.",
    "429": "Every provider, or the API key, is at its limit.",
    "502": "No model gave a good answer.",
    "503": "It cannot be taken now.",
    "504": "No answer came in time; `deferred`: a person may still give one, later.",
}

KEYED: list[Json] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key and body get the same answer, paid for once, for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    }
]
NOT_HERE = Unsupported("ask GET /v1/requests/<id> for events", (False,))

EVENTS: Json = {}
"""Events have no schema of their own: each is one of the API's."""
ANTHROPICS_ERROR: Json = {
    "type": "object",
    "required": ["type", "error"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}
ANTHROPICS_REFUSALS = {**REFUSALS, "529": "Too many requests are under way."}


def _body(shape: type[BaseModel], refused: Refusals) -> Json:
    schema = _inlined(shape.model_json_schema(), {})
    for name, unsupported in refused.items():
        schema["properties"][name] = {"enum": [*unsupported.harmless, None], "description": "Not supported."}
    return {**schema, "additionalProperties": False}


def _inlined(schema: Any, known: Json) -> Any:
    """A schema without references: they are meant from its own root, and in the document it stands further in."""
    if isinstance(schema, list):
        return [_inlined(each, known) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    told = cast("Json", schema)
    known = known | told.get("$defs", {})
    if reference := told.get("$ref"):
        return _inlined(known[str(reference).removeprefix("#/$defs/")], known)
    return {name: _inlined(value, known) for name, value in told.items() if name not in ("$defs", "discriminator")}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(*names: str) -> Json:
    return _json({"type": "object", "required": list(names)})


def _refusals(*statuses: str) -> Json:
    return {status: {"description": REFUSALS[status], "content": _json(ERROR)} for status in statuses}


def _anthropics_refusals(*statuses: str) -> Json:
    told = ((status, ANTHROPICS_REFUSALS[status]) for status in statuses)
    return {status: {"description": what, "content": _json(ANTHROPICS_ERROR)} for status, what in told}


def _counting(body: Json, count: Json, refused: Json) -> Json:
    """Where a body is not asked, and its tokens are estimated."""
    answered = {"200": {"description": "An estimate: see the README.", "content": count}}
    return {"requestBody": {"required": True, "content": _json(body)}, "responses": answered | refused}


def chat_operation() -> Json:
    """``POST /v1/chat/completions``."""
    completion = _object("id", "object", "created", "model", "choices", "usage")
    content = {**completion, "text/event-stream": EVENTS}
    told = "OpenAI's chat.completion object, or its chunks where a stream is asked for."
    answered = {"200": {"description": told, "content": content}}
    return {
        "parameters": KEYED,
        "requestBody": {"required": True, "content": _json(_body(ChatRequest, REFUSED))},
        "responses": answered | _refusals(*REFUSALS),
    }


def responses_operation() -> Json:
    """``POST /v1/responses``."""
    response = _object("id", "object", "created_at", "status", "model", "output", "usage")
    content = {**response, "text/event-stream": EVENTS}
    answered = {"200": {"description": "OpenAI's response object, or its events.", "content": content}}
    body = _body(responses_request.ResponsesRequest, responses_request.UNSUPPORTED)
    taken = {"required": True, "content": _json(body)}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | _refusals(*REFUSALS)}


def input_tokens_operation() -> Json:
    """``POST /v1/responses/input_tokens``."""
    body = _body(responses_request.ResponsesRequest, responses_request.UNSUPPORTED)
    refused = _refusals("400", "401", "403", "408", "413", "415", "503")
    return _counting(body, _object("object", "input_tokens"), refused)


def response_operation() -> Json:
    """``GET /v1/responses/{response_id}``."""
    found = {"200": {"description": "OpenAI's response object.", "content": _object("id", "object", "status")}}
    return {"responses": found | _refusals("400", "401", "403", "404", "410", "502", "503")}


def embeddings_operation() -> Json:
    """``POST /v1/embeddings``."""
    answered = {"200": {"description": "OpenAI's list of embeddings.", "content": _object("object", "data", "usage")}}
    taken = {"required": True, "content": _json(_body(EmbeddingsRequest, OF_PROXIES))}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | _refusals(*REFUSALS)}


def messages_operation() -> Json:
    """``POST /v1/messages``."""
    message = _object("id", "type", "role", "model", "content", "stop_reason", "usage")
    content = {**message, "text/event-stream": EVENTS}
    answered = {"200": {"description": "Anthropic's message, or its events.", "content": content}}
    body = _body(messages_request.MessagesRequest, messages_request.UNSUPPORTED)
    refused = _anthropics_refusals(*ANTHROPICS_REFUSALS)
    taken = {"required": True, "content": _json(body)}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | refused}


def submit_operation() -> Json:
    """``POST /v1/requests``."""
    schema = _inlined(FollowedRequest.model_json_schema(), {})
    location = {"description": "Where it is looked at.", "schema": {"type": "string"}}
    taken = {"description": "Taken.", "content": _json(schema), "headers": {"Location": location}}
    refused = _refusals("400", "401", "403", "408", "413", "415", "422", "429", "503")
    body = {"required": True, "content": _json(_body(ChatRequest, {**REFUSED, "stream": NOT_HERE}))}
    return {"parameters": KEYED, "requestBody": body, "responses": {"202": taken} | refused}


def look_operation() -> Json:
    """``GET /v1/requests/{request_id}``."""
    schema = _inlined(FollowedRequest.model_json_schema(), {})
    content = {**_json(schema), "text/event-stream": EVENTS}
    told = "How it stands; as events where these are asked for."
    wait = {
        "name": "wait",
        "in": "query",
        "required": False,
        "description": "Seconds to wait for the end.",
        "schema": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_S},
    }
    found = {"200": {"description": told, "content": content}}
    return {"parameters": [wait], "responses": found | _refusals("400", "401", "403", "404", "503")}


def count_operation() -> Json:
    """``POST /v1/messages/count_tokens``."""
    body = _body(messages_request.CountRequest, messages_request.UNSUPPORTED)
    refused = _anthropics_refusals("400", "401", "403", "408", "413", "415", "503", "529")
    return _counting(body, _object("input_tokens"), refused)


def models_operation() -> Json:
    """``GET /v1/models``."""
    listed = {"200": {"description": "OpenAI's list of models.", "content": _object("object", "data")}}
    return {"responses": listed | _refusals("401", "403", "503")}


def model_operation() -> Json:
    """``GET /v1/models/{name}``."""
    told = {"200": {"description": "One name that may stand in model.", "content": _object("id", "object", "type")}}
    return {"responses": told | _refusals("401", "403", "404", "503")}


def feedback_operation() -> Json:
    """``POST /v1/feedback``."""
    kept = {"201": {"description": "Recorded.", "content": _object("request_id", "feedback_id", "recorded_at")}}
    refused = _refusals("400", "401", "403", "408", "413", "415", "503")
    return {"requestBody": {"required": True, "content": _json(_body(Feedback, {}))}, "responses": kept | refused}
