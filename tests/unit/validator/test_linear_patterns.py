"""No pattern that reads a model's or a client's text takes time beyond proportion to it: its steps are counted.

The engine of ADR 24 is for operators' patterns; ours run on Python's ``re``, which nothing stops.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from counted_steps import Steps, TooMany

import schemas
import services.profiler.domain
import services.validator.domain
from schemas.content import Source
from schemas.vocabulary import Verdict
from services.validator.domain.citations import LONGEST_ANSWER, citations
from services.validator.domain.demands import LONGEST, demanded

ROOMS = services.validator.domain, services.profiler.domain, schemas
FILES = sorted(
    file
    for room in ROOMS
    for file in Path(room.__path__[0]).glob("*.py")
    if file.stem != "__init__" and not file.stem.startswith("found_")  # they read a prompt's ends: 2,000 characters
)
ROOT = Path(schemas.__path__[0]).parent
AT_ONE_PLACE = {"match", "fullmatch"}
SHORT, LONG = 24, 48
MOST = 2.7
"""Times the steps for a text twice as long: 2 in proportion, 4 by its square."""
EVERYWHERE = ("a", "0", " ", "\n", ".", "a ", "0,", " \n", "a.")


def patterns_of(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The module's own, also those in its tables."""
    for name, value in vars(module).items():
        yield from ((name, pattern) for pattern in in_it(value))


def in_it(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from in_it(each)
    elif isinstance(value, dict):
        yield from in_it(list(value.values()))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        yield from in_it([getattr(value, field, None) for field in value.__dataclass_fields__])


def methods_by_name() -> dict[str, set[str]]:
    """By which methods of a pattern each name is used, in all files."""
    found: dict[str, set[str]] = {}
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.setdefault(node.value.id, set()).add(node.attr)
    return found


METHODS = methods_by_name()


def repeated_in(pattern: str) -> list[str]:
    """What may be hard for it: its signs, alone and before a letter, and its words."""
    signs = dict.fromkeys(re.findall(r"[^\w\s?:()|\\+]", pattern))
    words = dict.fromkeys(re.findall(r"[A-Za-z]{3,}", pattern))
    return [*EVERYWHERE, *signs, *(f"{2 * sign}a" for sign in signs), *(f"{word} " for word in [*words][:2])]


def steps(pattern: re.Pattern[str], text: str, *, is_scan: bool) -> float:
    tried = Steps(pattern, text, 400 * len(text))
    try:
        if is_scan:
            tried.scan()
        else:
            tried.match()
    except TooMany:
        return float("inf")
    return tried.taken


def is_beyond(pattern: re.Pattern[str], base: str, *, is_scan: bool) -> bool:
    short, long = (steps(pattern, base * (length // len(base)) + "x~", is_scan=is_scan) for length in (SHORT, LONG))
    return long == float("inf") or long > max(MOST * short, 8 * LONG)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_texts_patterns_are_read_in_proportion_to_it(file: Path) -> None:
    module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    beyond = [
        f"{name}: {base!r} again and again"
        for name, pattern in patterns_of(module)
        for base in repeated_in(pattern.pattern)
        if is_beyond(pattern, base, is_scan=not METHODS.get(name, {"scan"}) <= AT_ONE_PLACE)
    ]
    assert not beyond


def test_what_is_beyond_proportion_is_told() -> None:
    """A pattern that reads a run again from each of its places, one that reads to a bound, one that tries all ways."""
    assert is_beyond(re.compile(r"[.!?]+\s"), ".", is_scan=True)
    assert is_beyond(re.compile(r"<<[^\n]{0,300}>>"), "<<a", is_scan=True)
    assert is_beyond(re.compile(r"(?:a|aa)+$"), "a", is_scan=False)
    assert not is_beyond(re.compile(r"(?<![.!?])[.!?]++\s"), ".", is_scan=True)
    assert not is_beyond(re.compile(r"[.!?]+\s"), ".", is_scan=False)


@pytest.mark.parametrize(
    "pattern", [r"a*?b|(a)+\1$", r"\b(?:ab?){2,}+(?!b)", r"(?>a|ab)b|^b{1,2}", r"(?<=a)[^a]$|[a-b]\Z"]
)
@pytest.mark.parametrize("text", ["aaab", "abab", "abb", "ba", "a\nb", "aaa"])
def test_the_counted_engine_finds_what_the_real_one_finds(pattern: str, text: str) -> None:
    real = re.compile(pattern)
    ends = [found.end() if (found := real.match(text, at)) else None for at in range(len(text))]
    assert [Steps(real, text, 10_000).match(at) for at in range(len(text))] == ends


def test_a_long_row_of_stops_is_read_as_fast_as_a_text() -> None:
    """The answer that held a validator for five seconds; now it is judged at once."""
    assert citations("." * (LONGEST_ANSWER - 1) + "x", {}, (Source(id="a", text="b"),)).verdict == Verdict.FAIL


def test_a_demand_on_a_text_beyond_all_bounds_cannot_be_told() -> None:
    told = demanded("<<a" * (LONGEST // 3) + "....", [("titled", {}), ("no_commas", {})])
    assert {(each.name, each.verdict) for each in told} == {
        ("titled", Verdict.CANNOT_TELL),
        ("no_commas", Verdict.CANNOT_TELL),
    }
    assert demanded("<<a" * (LONGEST // 3), [("titled", {})])[0].verdict == Verdict.FAIL
