"""Word vectors that come in a wheel: the files of ``wordllama``, read without its code.

Its own loader looks for the tokenizer in a folder that its wheel does not have, and would download it.
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load
from tokenizers import Tokenizer

WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
TENSOR = "embedding.weight"
LONGEST = 1_000
"""Characters of a text that are looked at."""

Array = np.ndarray[Any, np.dtype[Any]]


class VectorsMissing(Exception):
    """The word vectors are not installed; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class WordVectors:
    """A vector for each token. ``version`` is a hash of the vectors."""

    tokenizer: Tokenizer
    table: Array
    version: str

    def tokens(self, text: str) -> Array:
        """The ids of a text's tokens, in lower case."""
        encoded = self.tokenizer.encode(text[:LONGEST].lower(), add_special_tokens=False)
        return np.array(encoded.ids, dtype=np.int64)


def word_vectors() -> WordVectors:
    """Read them, in a tenth of a second. Raises :class:`VectorsMissing`."""
    try:
        weights, tokenizer = (_folder() / name for name in (WEIGHTS, TOKENIZER))
        raw = weights.read_bytes()
        words = Tokenizer.from_file(str(tokenizer))
    except OSError as error:
        raise VectorsMissing(
            f"{error.filename} is not in the package wordllama: install model-portfolio[classifier]"
        ) from error
    words.no_padding()
    words.no_truncation()
    return WordVectors(words, load(raw)[TENSOR], sha256(raw).hexdigest()[:12])


def _folder() -> Path:
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise VectorsMissing("the package wordllama is not installed: install model-portfolio[classifier]")
    return Path(found.origin).parent
