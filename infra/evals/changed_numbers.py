"""Answers with one result changed: errors with a known place, where nobody labelled any."""

import random
import re
from hashlib import sha256

# Not the check's own idea of a sum: what it passes over counts against it.
RESULT = re.compile(r"=\s*(?:\\?\$)?(\d[\d,]*(?:\.\d+)?)")


def with_one_changed(text: str) -> str | None:
    """One digit of one number after an equals sign is another; which, a hash of the text says. ``None`` without any."""
    results = list(RESULT.finditer(text))
    if not results:
        return None
    draw = random.Random(sha256(text.encode()).digest())  # noqa: S311 a mutation, no secret
    result = draw.choice(results)
    place = draw.choice([at for at in range(*result.span(1)) if text[at].isdigit()])
    other = draw.choice([digit for digit in "123456789" if digit != text[place]])
    return f"{text[:place]}{other}{text[place + 1 :]}"
