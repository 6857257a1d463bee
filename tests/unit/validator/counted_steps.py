"""Steps of a backtracking engine, counted: how much work a pattern is, whatever the machine and its speed.

A small matcher over the parse tree of Python's own ``re``, as simple as that engine: no shortcut but possessive
repetitions and atomic groups, which are what a pattern may ask for.
"""

import re
from collections.abc import Callable, Iterator
from re import _constants as op  # pyright: ignore[reportAttributeAccessIssue] it has no public name
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

Then = Callable[[int], Iterator[int]]
Groups = dict[int, tuple[int, int]]
SINGLE = {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}
"""Of these the engine reads a row without a stack."""
PLACES = {
    op.AT_BEGINNING: "^",
    op.AT_BEGINNING_STRING: r"\A",
    op.AT_END: "$",
    op.AT_END_STRING: r"\Z",
    op.AT_BOUNDARY: r"\b",
    op.AT_NON_BOUNDARY: r"\B",
}
CATEGORIES = {
    op.CATEGORY_DIGIT: re.compile(r"\d"),
    op.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    op.CATEGORY_SPACE: re.compile(r"\s"),
    op.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    op.CATEGORY_WORD: re.compile(r"\w"),
    op.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


class TooMany(Exception):
    """There are more steps than were asked to be counted."""


class Steps:
    """A pattern, tried at places of a text. ``taken``: how many times an item of it was held against the text.

    Raises ``TooMany`` beyond ``most``.
    """

    def __init__(self, pattern: re.Pattern[str], text: str, most: int) -> None:
        self.taken = 0
        self._most = most
        self._tree = parser.parse(pattern.pattern, pattern.flags)
        self._flags = pattern.flags
        self._text = text
        self._groups: Groups = {}

    def scan(self) -> int:
        """The steps of looking for it all through the text, as ``finditer`` does."""
        at = 0
        while at <= len(self._text):
            end = self.match(at)
            at = end if end is not None and end > at else at + 1
        return self.taken

    def match(self, at: int = 0) -> int | None:
        """Where a match that begins here ends."""
        self._groups = {}
        return next(self._run(list(self._tree), 0, at, lambda end: iter((end,))), None)

    def _step(self) -> None:
        self.taken += 1
        if self.taken > self._most:
            raise TooMany

    def _run(self, items: list[Any], number: int, at: int, then: Then) -> Iterator[int]:
        if number == len(items):
            yield from then(at)
            return
        code, value = items[number]
        self._step()
        yield from self._item(code, value, at, lambda end: self._run(items, number + 1, end, then))

    def _item(self, code: Any, value: Any, at: int, then: Then) -> Iterator[int]:
        match code:
            case op.SUBPATTERN:
                yield from self._group(value, at, then)
            case op.BRANCH:
                for branch in value[1]:
                    yield from self._run(list(branch), 0, at, then)
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                yield from self._repeated(code, value, at, then)
            case op.ATOMIC_GROUP:
                yield from self._first(list(value), at, then)
            case op.ASSERT | op.ASSERT_NOT:
                if (self._looks(value, at) is not None) is (code is op.ASSERT):
                    yield from then(at)
            case op.GROUPREF:
                start, end = self._groups.get(value, (at, at))
                if self._text.startswith(self._text[start:end], at):
                    yield from then(at + end - start)
            case op.AT:
                if self._is_at(value, at):
                    yield from then(at)
            case _:
                if at < len(self._text) and self._is_one(code, value, self._text[at]):
                    yield from then(at + 1)

    def _group(self, value: Any, at: int, then: Then) -> Iterator[int]:
        number, _, _, items = value

        def closed(end: int) -> Iterator[int]:
            if number is not None:
                self._groups[number] = at, end
            return then(end)

        yield from self._run(list(items), 0, at, closed)

    def _repeated(self, code: Any, value: Any, at: int, then: Then) -> Iterator[int]:
        if code is op.MIN_REPEAT:
            yield from self._lazily(value, at, then)
        elif all(item[0] in SINGLE for item in value[2]):
            for end in self._in_a_row(code, value, at):
                self._step()
                yield from then(end)
        elif code is op.POSSESSIVE_REPEAT:
            yield from self._first([(op.MAX_REPEAT, value)], at, then)
        else:
            yield from self._greedily(value, 0, at, then)

    def _in_a_row(self, code: Any, value: Any, at: int) -> Iterator[int]:
        """Where a row of single characters may end, the longest first."""
        least, most, items = value
        ends = [at]
        while len(ends) <= most and (end := self._once(list(items), ends[-1])) is not None:
            ends.append(end)
        ends = ends[least:]
        return reversed(ends[-1:] if code is op.POSSESSIVE_REPEAT else ends)

    def _greedily(self, value: Any, times: int, at: int, then: Then) -> Iterator[int]:
        least, most, items = value

        def again(end: int) -> Iterator[int]:
            return iter(()) if end == at and times >= least else self._greedily(value, times + 1, end, then)

        if times < most:
            yield from self._run(list(items), 0, at, again)
        if times >= least:
            yield from then(at)

    def _lazily(self, value: Any, at: int, then: Then) -> Iterator[int]:
        least, most, items = value
        end: int | None = at
        for times in range(int(most) + 1):
            if end is None:
                return
            if times >= least:
                self._step()
                yield from then(end)
            end = self._once(list(items), end)

    def _once(self, items: list[Any], at: int) -> int | None:
        return next(self._run(items, 0, at, lambda end: iter((end,))), None)

    def _first(self, items: list[Any], at: int, then: Then) -> Iterator[int]:
        if (end := self._once(items, at)) is not None:
            yield from then(end)

    def _looks(self, value: Any, at: int) -> int | None:
        direction, items = value
        if direction > 0:
            return self._once(list(items), at)
        start = at - items.getwidth()[0]
        return None if start < 0 else self._once(list(items), start)

    def _is_at(self, where: Any, at: int) -> bool:
        return re.compile(PLACES[where], self._flags & re.MULTILINE).match(self._text, at) is not None

    def _is_one(self, code: Any, value: Any, letter: str) -> bool:
        if self._flags & re.IGNORECASE:
            return any(_is_one(code, value, each) for each in {letter, letter.lower(), letter.upper()[:1]})
        return _is_one(code, value, letter) and (code is not op.ANY or letter != "\n")


def _is_one(code: Any, value: Any, letter: str) -> bool:
    match code:
        case op.LITERAL:
            return ord(letter) == value
        case op.NOT_LITERAL:
            return ord(letter) != value
        case op.RANGE:
            return value[0] <= ord(letter) <= value[1]
        case op.CATEGORY:
            return CATEGORIES[value].match(letter) is not None
        case op.IN:
            negated = value[0][0] is op.NEGATE
            return any(_is_one(code, each, letter) for code, each in value[negated:]) is not negated
        case op.ANY:
            return True
        case _:
            raise NotImplementedError(code)
