"""What the OpenAPI document says of files and batches."""

from schemas.content import Json
from services.gateway.domain.batch import MOST_LISTED, NewBatch
from services.gateway.domain.files import ANCHOR, BATCH, SECONDS
from services.gateway.domain.files import MOST_LISTED as MOST_FILES
from services.gateway.domain.openapi import KEYED, body_of_shape, json_of, object_of, refusals

FILE = ("id", "object", "bytes", "created_at", "filename", "purpose", "status")
BATCH_KEY: Json = {**KEYED[0], "description": "The same key and body begin one batch, for as long as it is kept."}
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


def list_files_operation() -> Json:
    """``GET /v1/files``."""
    order: Json = {"enum": ["asc", "desc"]}
    return _list_operation(MOST_FILES, purpose={"type": "string"}, order=order)


def list_batches_operation() -> Json:
    """``GET /v1/batches``."""
    return _list_operation(MOST_LISTED)


def _list_operation(most: int, **more: Json) -> Json:
    asked: Json = {"limit": {"type": "integer", "minimum": 1, "maximum": most}, "after": {"type": "string"}, **more}
    parameters = [{"name": name, "in": "query", "required": False, "schema": each} for name, each in asked.items()]
    listed = {"200": {"description": "OpenAI's list object.", "content": object_of("object", "data", "has_more")}}
    return {"parameters": parameters, "responses": listed | refusals("400", "401", "403", "404", "503")}


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
    refused = refusals("400", "401", "403", "404", "408", "413", "415", "422", "503")
    return {"parameters": [BATCH_KEY], "requestBody": body, "responses": begun | refused}


def batch_operation(*more: str) -> Json:
    """``GET /v1/batches/{batch_id}``, and its cancelling."""
    found = {"200": {"description": "OpenAI's batch object.", "content": object_of(*BATCH_OBJECT)}}
    return {"responses": found | refusals("400", "401", "403", "404", "503", *more)}
