"""What the OpenAPI document says of files and batches."""

from typing import Any

from services.gateway.domain.batch import MOST_LISTED, NewBatch
from services.gateway.domain.files import ANCHOR, BATCH, SECONDS
from services.gateway.domain.openapi import body_of_shape, json_of, object_of, refusals

Json = dict[str, Any]
FILE = ("id", "object", "bytes", "created_at", "filename", "purpose", "status")
BATCH_OBJECT = ("id", "object", "endpoint", "input_file_id", "completion_window", "status", "created_at")


def send_file_operation() -> Json:
    """``POST /v1/files``."""
    form = {
        "type": "object",
        "required": ["file", "purpose"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "purpose": {"const": BATCH},
            ANCHOR: {"const": "created_at"},
            SECONDS: {"type": "string"},
        },
    }
    kept = {"200": {"description": "OpenAI's file object.", "content": object_of(*FILE)}}
    refused = refusals("400", "401", "403", "408", "413", "415", "503")
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": kept | refused,
    }


def list_operation(*statuses: str) -> Json:
    """``GET /v1/files`` and ``GET /v1/batches``."""
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LISTED}
    parameters = [
        {"name": "limit", "in": "query", "required": False, "schema": limit},
        {"name": "after", "in": "query", "required": False, "schema": {"type": "string"}},
    ]
    listed = {"200": {"description": "OpenAI's list object.", "content": object_of("object", "data", "has_more")}}
    return {"parameters": parameters, "responses": listed | refusals(*{*statuses, "404"})}


def file_operation() -> Json:
    """``GET /v1/files/{file_id}``."""
    found = {"200": {"description": "OpenAI's file object.", "content": object_of(*FILE)}}
    return {"responses": found | refusals("400", "401", "403", "404", "503")}


def file_content_operation() -> Json:
    """``GET /v1/files/{file_id}/content``."""
    content: Json = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    found: Json = {"200": {"description": "What the file holds.", "content": content}}
    return {"responses": found | refusals("400", "401", "403", "404", "410", "503")}


def file_deleted_operation() -> Json:
    """``DELETE /v1/files/{file_id}``."""
    gone = {"200": {"description": "It is deleted.", "content": object_of("id", "object", "deleted")}}
    return {"responses": gone | refusals("400", "401", "403", "404", "409", "503")}


def begin_batch_operation() -> Json:
    """``POST /v1/batches``."""
    begun = {"200": {"description": "OpenAI's batch object.", "content": object_of(*BATCH_OBJECT)}}
    body = {"required": True, "content": json_of(body_of_shape(NewBatch, {}))}
    return {"requestBody": body, "responses": begun | refusals("400", "401", "403", "404", "408", "413", "415", "503")}


def batch_operation(*more: str) -> Json:
    """``GET /v1/batches/{batch_id}``, and its cancelling."""
    found = {"200": {"description": "OpenAI's batch object.", "content": object_of(*BATCH_OBJECT)}}
    return {"responses": found | refusals("400", "401", "403", "404", "503", *more)}
