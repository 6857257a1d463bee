"""From texts to a request for embeddings, and reading what endpoints answer to it: lists of numbers, or base64.

Source: OpenAI API reference, "Create embeddings".
"""

from typing import Any

from schemas.content import Json, Question, Vector, Vectors
from services.model_worker.domain.shapes import list_in, object_in


def embeddings_payload(question: Question, model: str) -> Json:
    """The request body. The question's params are passed through; they cannot replace what was asked."""
    return {**question.params, "model": model, "input": [str(message.get("content")) for message in question.messages]}


def vectors_in(document: Json) -> Vectors | None:
    """The vectors of an answer, in the order of their indices; ``None`` for what holds none that can be read.

    An entry that tells no index has that of its place. Whether they are the right ones is the validator's to say.
    """
    entries = [object_in(entry) for entry in list_in(document.get("data"))]
    found = [_vector(place, entry) for place, entry in enumerate(entries)]
    vectors = sorted((vector for vector in found if vector is not None), key=lambda vector: vector.index)
    return Vectors(embeddings=tuple(vectors)) if found and len(vectors) == len(found) else None


def _vector(place: int, entry: Json) -> Vector | None:
    index, told = entry.get("index", place), entry.get("embedding")
    if not isinstance(index, int) or isinstance(index, bool):
        return None
    try:
        found = Vector(index=index, embedding=told) if isinstance(told, str) else Vector.at(index, _numbers(told))
        return found if found.numbers() else None
    except (ValueError, OverflowError):
        return None


def _numbers(told: Any) -> list[float]:
    numbers = list_in(told)
    return numbers if all(type(number) in (int, float) for number in numbers) else []
