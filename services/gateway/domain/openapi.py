"""What the OpenAPI document says of the routes whose bodies FastAPI does not read itself."""

from typing import Any

from services.gateway.domain.chat_request import UNSUPPORTED, ChatRequest

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
    "402": "The request's budget is spent.",
    "404": "The portfolio has no such model.",
    "408": "The body did not come whole in time.",
    "409": "The request was cancelled.",
    "413": "The body is too large.",
    "415": "The body does not call itself JSON.",
    "429": "Every provider is at its limit.",
    "502": "No model gave a good answer.",
    "503": "It cannot be taken now.",
    "504": "No answer came in time.",
}


def _chat_body() -> Json:
    schema = ChatRequest.model_json_schema()
    for name, unsupported in UNSUPPORTED.items():
        schema["properties"][name] = {"enum": [*unsupported.harmless, None], "description": "Not supported."}
    return {**schema, "additionalProperties": False}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(*names: str) -> Json:
    return _json({"type": "object", "required": list(names)})


def _refusals(*statuses: str) -> Json:
    return {status: {"description": REFUSALS[status], "content": _json(ERROR)} for status in statuses}


def chat_operation() -> Json:
    """``POST /v1/chat/completions``."""
    completion = _object("id", "object", "created", "model", "choices", "usage")
    content = {**completion, "text/event-stream": {"schema": {"type": "string"}}}
    told = "OpenAI's chat.completion object, or its chunks where a stream is asked for."
    answered = {"200": {"description": told, "content": content}}
    return {
        "requestBody": {"required": True, "content": _json(_chat_body())},
        "responses": answered | _refusals(*REFUSALS),
    }


def models_operation() -> Json:
    """``GET /v1/models``."""
    listed = {"200": {"description": "OpenAI's list of models.", "content": _object("object", "data")}}
    return {"responses": listed | _refusals("503")}
