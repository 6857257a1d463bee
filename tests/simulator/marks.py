"""How a prompt says what the simulator does with it: ``[simulate rate_limited at=acme latency_s=0.2]``."""

import re
from dataclasses import dataclass, fields

MARK = re.compile(rb"\[simulate (\w+)((?: \w+=[\w.-]+)*)\]")
GOOD = "good"


@dataclass(frozen=True, slots=True)
class Mark:
    """``case`` is a name in :data:`~.behaviours.BEHAVIOURS`; at any provider but ``at`` the answer is a good one.

    ``latency_s`` is what the model takes before anything else happens; the simulator's own latency when not told. Then
    it takes ``token_s`` for each word of its answer, which has ``words``: told one by one to who asks for a stream.
    It answers no call before ``together`` of them run that say so.
    """

    case: str = GOOD
    at: str | None = None
    latency_s: float | None = None
    token_s: float | None = None
    words: int | None = None
    together: int | None = None

    def __str__(self) -> str:
        """The mark as it stands in a prompt."""
        told = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        words = [f"{name}={value}" for name, value in told.items() if value is not None]
        return f"[simulate {' '.join((self.case, *words))}]"

    def case_at(self, provider: str) -> str:
        """What this provider does."""
        return self.case if self.at in (None, provider) else GOOD

    @classmethod
    def found_in(cls, body: bytes) -> "Mark":
        """The first mark in the body of a request; a good answer where there is none."""
        found = MARK.search(body)
        if found is None:
            return cls()
        told = dict(word.split("=", 1) for word in found[2].decode().split())
        latency_s, token_s = (float(told[name]) if name in told else None for name in ("latency_s", "token_s"))
        words, together = (int(told[name]) if name in told else None for name in ("words", "together"))
        return cls(found[1].decode(), told.get("at"), latency_s, token_s, words, together)
