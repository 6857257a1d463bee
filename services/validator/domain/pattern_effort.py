"""How long a schema's pattern may take on a text, from the pattern as it is written.

The library reads most patterns in one pass, with a table that it builds as it goes. Where a pattern is as long as its
repetitions written out, that table may not fit, and each letter costs as much as the pattern is long. What looks around
or back is tried step by step, up to a limit, and each step may read the rest of the text.
"""

import re
from dataclasses import dataclass

BACKTRACK_LIMIT = 2_000
BACKTRACK = 5
"""Steps of the measure for each of a backtracking match."""
START = 10
LETTERS_A_STEP = 10
TABLE = 20
"""Of a pattern as long as this, a letter may cost a step more than the table's tenth; of one twice as long, four."""
STEPWISE = re.compile(r"\(\?(?:[=!>(<&|]|P[=>])|\\[1-9CGKRXZgk]|[*+?}]\+")
TOKEN = re.compile(r"\\.|\[\^?\]?[^\]\\]*+(?:\\.[^\]\\]*+)*(?:\]|\\?\Z)|\{(\d*)(,?)(\d*)\}|.", re.DOTALL)
QUANTIFIERS = frozenset("*+?")


@dataclass(frozen=True, slots=True)
class Matching:
    """A pattern's length with its counted repetitions written out, and whether it is tried step by step."""

    length: int
    stepwise: bool

    def steps(self, characters: int) -> int:
        """On a text of so many characters, in the steps of :class:`~.schema_effort.Effort`; none too few."""
        reading = characters * (TABLE**2 + LETTERS_A_STEP * self.length**2) // (LETTERS_A_STEP * TABLE**2)
        return START + (BACKTRACK_LIMIT * (BACKTRACK + reading) if self.stepwise else reading)


def matching(pattern: str) -> Matching:
    """Read a pattern as far as its length goes. A group in a class or a comment counts as one: that is no less."""
    lengths, last = [0], 0
    for found in TOKEN.finditer(pattern):
        token = found[0]
        if token == "(":
            lengths.append(0)
        elif token == ")" and len(lengths) > 1:
            last = lengths.pop()
            lengths[-1] += last
        elif token.startswith("{") and len(token) > 1:
            lengths[-1] += last * (_most(found) - 1)
        elif token not in QUANTIFIERS:
            last = 1
            lengths[-1] += 1
    return Matching(sum(lengths), STEPWISE.search(pattern) is not None)


def _most(found: re.Match[str]) -> int:
    """The larger bound of a counted repetition; at least one."""
    return max(1, int((found[3] or found[1] or "1")[:9]))
