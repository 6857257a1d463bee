"""Good vectors in OpenAI's form: the same text has the same vector, from any provider."""

import random
from typing import Any

from schemas.content import Json, Vector

from .completions import CHARACTERS_A_TOKEN

USUAL_LENGTH = 8


def embeddings(asked: Json, body_bytes: int) -> Json:
    """A list of embeddings for this request, in the encoding that it asks for."""
    is_encoded = asked.get("encoding_format") == "base64"
    length = asked.get("dimensions") or USUAL_LENGTH
    vectors = [_vector(index, text, length) for index, text in enumerate(asked["input"])]
    read = -(-body_bytes // CHARACTERS_A_TOKEN)
    return {
        "object": "list",
        "model": asked.get("model"),
        "data": [_entry(vector, vector.embedding if is_encoded else vector.numbers()) for vector in vectors],
        "usage": {"prompt_tokens": read, "total_tokens": read},
    }


def _entry(vector: Vector, told: Any) -> Json:
    return {"object": "embedding", "index": vector.index, "embedding": told}


def _vector(index: int, text: str, length: int) -> Vector:
    drawn = random.Random(text)  # noqa: S311 the same in every run
    return Vector.at(index, [drawn.uniform(-1, 1) for _ in range(length)])
