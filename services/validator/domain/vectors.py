"""Whether vectors can be those of the texts: one for each, of one length, finite, and not nothing.

That is all that can be seen of them: it says nothing of how well they tell meanings apart.
"""

from math import isfinite

from schemas.attempt import CheckResult
from schemas.content import Question, Vector, Vectors
from services.validator.domain.results import VECTORS, failed, passed

DIMENSIONS = "dimensions"


def vectors_check(question: Question, vectors: Vectors) -> CheckResult:
    """The first thing wrong with them, and where."""
    wanted = len(question.messages)
    indices = [vector.index for vector in vectors.embeddings]
    if indices != list(range(wanted)):
        return failed(VECTORS, _miscounted(indices, wanted), at="/embeddings")
    found = [_numbers(vector) for vector in vectors.embeddings]
    asked = question.params.get(DIMENSIONS)
    for index, numbers in enumerate(found):
        if wrong := _wrong_with(numbers, asked or len(found[0]), "dimensions asks for" if asked else "the first has"):
            return failed(VECTORS, wrong, at=f"/embeddings/{index}")
    return passed(VECTORS)


def _miscounted(indices: list[int], wanted: int) -> str:
    if len(indices) != wanted:
        return f"{len(indices)} vectors for {wanted} texts"
    return f"the indices of {wanted} vectors are not 0 to {wanted - 1}, each once"


def _numbers(vector: Vector) -> tuple[float, ...]:
    try:
        return vector.numbers()
    except ValueError:
        return ()


def _wrong_with(numbers: tuple[float, ...], length: int, whose: str) -> str | None:
    if not numbers:
        return "a vector has no numbers, or cannot be read"
    if len(numbers) != length:
        return f"a vector has {len(numbers)} numbers, and {whose} {length}"
    # Not even the largest 32-bit floats add up to more than a double holds: the sum is finite when all of them are.
    if not isfinite(sum(numbers)):
        return "a vector has a number that is none, or is infinite"
    return None if any(numbers) else "a vector is all zero"
