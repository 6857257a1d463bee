"""What texts hold, kept for those that come again: earlier turns and tools do, with each turn that follows."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from schemas.reaction import LongWork
from schemas.sensitive import Kind, find

LONGEST_AT_ONCE = 100_000
"""Characters of new texts that are looked through while others wait: some forty milliseconds, full of numbers."""
WORTH_KEEPING = 500
"""Characters of a text that is looked through for longer than its digest takes."""
MOST_KEPT = 20_000

Kinds = frozenset[Kind]


def kinds_in(texts: Iterable[str]) -> Kinds:
    """Every kind that any of these texts holds."""
    return frozenset(found.kind for text in texts for found in find(text))


@dataclass(slots=True)
class KnownTexts:
    """The kinds found in the texts that came last, by their digests: no text is kept, and no part of one."""

    most_kept: int = MOST_KEPT
    longest_at_once: int = LONGEST_AT_ONCE
    _kinds: OrderedDict[bytes, Kinds] = field(default_factory=OrderedDict[bytes, Kinds])

    def kinds_in(self, texts: Sequence[str]) -> Kinds:
        """Every kind that any of these texts holds. Raises :class:`LongWork` where much is to be looked through."""
        short = [text for text in texts if len(text) < WORTH_KEEPING]
        long = {_digest(text): text for text in texts if len(text) >= WORTH_KEEPING}
        new = {digest: text for digest, text in long.items() if not self._is_known(digest)}
        if sum(map(len, new.values())) > self.longest_at_once:
            raise LongWork(partial(self._look_through, new))
        self._look_through(new)
        found = kinds_in(short).union(*(self._kinds[digest] for digest in long))
        self._forget()
        return found

    def _is_known(self, digest: bytes) -> bool:
        if digest not in self._kinds:
            return False
        self._kinds.move_to_end(digest)
        return True

    def _look_through(self, new: dict[bytes, str]) -> None:
        self._kinds.update({digest: kinds_in((text,)) for digest, text in new.items()})

    def _forget(self) -> None:
        while len(self._kinds) > self.most_kept:
            self._kinds.popitem(last=False)


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()
