"""What the OpenAPI document says of the routes whose bodies FastAPI does not read itself."""

from typing import Any, cast

from pydantic import BaseModel

from schemas.chat import Unsupported
from schemas.content import Json
from services.gateway.domain import messages_request, responses_request
from services.gateway.domain.chat_request import REFUSED, ChatRequest
from services.gateway.domain.embeddings import EmbeddingsRequest
from services.gateway.domain.feedback import Feedback
from services.gateway.domain.followed import LONGEST_WAIT_S, FollowedRequest
from services.gateway.domain.json_body import Refusals
from services.gateway.domain.proxy_parameters import OF_PROXIES_FOR_EMBEDDINGS

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
    "404": "There is no such model, or no such request, file or batch of yours.",
    "408": "The body did not come whole in time.",
    "409": "The request was cancelled; or a batch reads the file, or has ended.",
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


def body_of_shape(shape: type[BaseModel], refused: Refusals) -> Json:
    """A body's schema, whole, with what is refused by name."""
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


def json_of(schema: Json) -> Json:
    """JSON content of this schema."""
    return {"application/json": {"schema": schema}}


def object_of(*names: str) -> Json:
    """A JSON object that has these names."""
    return json_of({"type": "object", "required": list(names)})


def refusals(*statuses: str) -> Json:
    """The refusals of these statuses."""
    return {status: {"description": REFUSALS[status], "content": json_of(ERROR)} for status in statuses}


def _anthropics_refusals(*statuses: str) -> Json:
    told = ((status, ANTHROPICS_REFUSALS[status]) for status in statuses)
    return {status: {"description": what, "content": json_of(ANTHROPICS_ERROR)} for status, what in told}


def _counting(body: Json, count: Json, refused: Json) -> Json:
    """Where a body is not asked, and its tokens are estimated."""
    answered = {"200": {"description": "An estimate: see the README.", "content": count}}
    return {"requestBody": {"required": True, "content": json_of(body)}, "responses": answered | refused}


def chat_operation() -> Json:
    """``POST /v1/chat/completions``."""
    completion = object_of("id", "object", "created", "model", "choices", "usage")
    content = {**completion, "text/event-stream": EVENTS}
    told = "OpenAI's chat.completion object, or its chunks where a stream is asked for."
    answered = {"200": {"description": told, "content": content}}
    return {
        "parameters": KEYED,
        "requestBody": {"required": True, "content": json_of(body_of_shape(ChatRequest, REFUSED))},
        "responses": answered | refusals(*REFUSALS),
    }


def responses_operation() -> Json:
    """``POST /v1/responses``."""
    response = object_of("id", "object", "created_at", "status", "model", "output", "usage")
    content = {**response, "text/event-stream": EVENTS}
    answered = {"200": {"description": "OpenAI's response object, or its events.", "content": content}}
    body = body_of_shape(responses_request.ResponsesRequest, responses_request.UNSUPPORTED)
    taken = {"required": True, "content": json_of(body)}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | refusals(*REFUSALS)}


def input_tokens_operation() -> Json:
    """``POST /v1/responses/input_tokens``."""
    body = body_of_shape(responses_request.ResponsesRequest, responses_request.UNSUPPORTED)
    refused = refusals("400", "401", "403", "408", "413", "415", "503")
    return _counting(body, object_of("object", "input_tokens"), refused)


def response_operation() -> Json:
    """``GET /v1/responses/{response_id}``."""
    found = {"200": {"description": "OpenAI's response object.", "content": object_of("id", "object", "status")}}
    return {"responses": found | refusals("400", "401", "403", "404", "410", "502", "503")}


def embeddings_operation() -> Json:
    """``POST /v1/embeddings``."""
    answered = {"200": {"description": "OpenAI's list of embeddings.", "content": object_of("object", "data", "usage")}}
    taken = {"required": True, "content": json_of(body_of_shape(EmbeddingsRequest, OF_PROXIES_FOR_EMBEDDINGS))}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | refusals(*REFUSALS)}


def messages_operation() -> Json:
    """``POST /v1/messages``."""
    message = object_of("id", "type", "role", "model", "content", "stop_reason", "usage")
    content = {**message, "text/event-stream": EVENTS}
    answered = {"200": {"description": "Anthropic's message, or its events.", "content": content}}
    body = body_of_shape(messages_request.MessagesRequest, messages_request.UNSUPPORTED)
    refused = _anthropics_refusals(*ANTHROPICS_REFUSALS)
    taken = {"required": True, "content": json_of(body)}
    return {"parameters": KEYED, "requestBody": taken, "responses": answered | refused}


def submit_operation() -> Json:
    """``POST /v1/requests``."""
    schema = _inlined(FollowedRequest.model_json_schema(), {})
    location = {"description": "Where it is looked at.", "schema": {"type": "string"}}
    taken = {"description": "Taken.", "content": json_of(schema), "headers": {"Location": location}}
    refused = refusals("400", "401", "403", "408", "413", "415", "422", "429", "503")
    body = {"required": True, "content": json_of(body_of_shape(ChatRequest, {**REFUSED, "stream": NOT_HERE}))}
    return {"parameters": KEYED, "requestBody": body, "responses": {"202": taken} | refused}


def look_operation() -> Json:
    """``GET /v1/requests/{request_id}``."""
    schema = _inlined(FollowedRequest.model_json_schema(), {})
    content = {**json_of(schema), "text/event-stream": EVENTS}
    told = "How it stands; as events where these are asked for."
    wait = {
        "name": "wait",
        "in": "query",
        "required": False,
        "description": "Seconds to wait for the end.",
        "schema": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_S},
    }
    found = {"200": {"description": told, "content": content}}
    return {"parameters": [wait], "responses": found | refusals("400", "401", "403", "404", "503")}


def count_operation() -> Json:
    """``POST /v1/messages/count_tokens``."""
    body = body_of_shape(messages_request.CountRequest, messages_request.UNSUPPORTED)
    refused = _anthropics_refusals("400", "401", "403", "408", "413", "415", "503", "529")
    return _counting(body, object_of("input_tokens"), refused)


def models_operation() -> Json:
    """``GET /v1/models``."""
    listed = {"200": {"description": "OpenAI's list of models.", "content": object_of("object", "data")}}
    return {"responses": listed | refusals("401", "403", "503")}


def model_operation() -> Json:
    """``GET /v1/models/{name}``."""
    told = {"200": {"description": "One name that may stand in model.", "content": object_of("id", "object", "type")}}
    return {"responses": told | refusals("401", "403", "404", "503")}


def feedback_operation() -> Json:
    """``POST /v1/feedback``."""
    kept = {"201": {"description": "Recorded.", "content": object_of("request_id", "feedback_id", "recorded_at")}}
    refused = refusals("400", "401", "403", "408", "413", "415", "503")
    return {
        "requestBody": {"required": True, "content": json_of(body_of_shape(Feedback, {}))},
        "responses": kept | refused,
    }
