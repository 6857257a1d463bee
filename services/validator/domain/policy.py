"""Whether an answer keeps to a rule pack of the portfolio: nothing forbidden, all that is required, nothing leaking."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from pydantic import ValidationError

from schemas.attempt import CheckResult
from schemas.check_settings import Held
from schemas.content import Json
from schemas.policies import Pattern, Policy, matcher
from schemas.sensitive import find
from services.validator.domain.results import POLICY, cannot_tell, explained, failed, passed

LONGEST = 20_000
"""Characters. Patterns take time in proportion to the text, and nothing can interrupt that."""
MOST_TOLD = 5
NOT_WORDS = re.compile(r"(?:\W|(?<!\w)_++|(?<=[^\W_])_++(?!\w))+")
"""Underscores at a word's edge, too: they are how Markdown sets words in italics. Inside, they are of a name."""
APOSTROPHES = str.maketrans("", "", "'\u2019")


def policy(text: str, settings: Json, packs: Mapping[str, Policy]) -> CheckResult:
    """The verdict, with each rule that is broken, by its place in the pack."""
    try:
        name = Held.model_validate(settings).value
    except ValidationError as error:
        return cannot_tell(POLICY, explained(POLICY, error))
    if (pack := packs.get(name)) is None:
        known = ", ".join(sorted(packs)) or "none"
        return cannot_tell(POLICY, f"the portfolio has no policy of this name; it has {known}")
    if len(text) > LONGEST:
        return cannot_tell(POLICY, f"answers of at most {LONGEST} characters are held against a policy")
    broken = list(_broken(text, pack))
    return failed(POLICY, _listed(name, broken), at="/content") if broken else passed(POLICY)


def _broken(text: str, pack: Policy) -> Iterator[str]:
    said = _words(text)
    for number, rule in enumerate(pack.forbid):
        if _occurs(rule, text, said):
            yield f"it says what forbid[{number}] forbids: leave it out"
    for number, rule in enumerate(pack.require):
        if not _occurs(rule, text, said):
            yield f"it lacks what require[{number}] requires{_wanted(rule)}"
    kinds = dict.fromkeys(found.kind for found in find(text) if found.kind in pack.leaks) if pack.leaks else ()
    yield from (f"it gives away a {kind.replace('_', ' ')}: leave it out" for kind in kinds)


def _wanted(rule: str | Pattern) -> str:
    """What a policy requires is the operator's own text, made to be said."""
    return f': say "{rule}"' if isinstance(rule, str) else ""


def _occurs(rule: str | Pattern, text: str, said: str) -> bool:
    if isinstance(rule, Pattern):
        return matcher(rule.pattern).isinstance_python(text)
    return _phrase(rule) in said


@lru_cache(maxsize=4096)
def _phrase(phrase: str) -> str:
    return _words(phrase)


def _words(text: str) -> str:
    """Whole words alone, whatever their case and what stands between them."""
    return f" {NOT_WORDS.sub(' ', text.translate(APOSTROPHES).casefold()).strip()} "


def _listed(name: str, broken: list[str]) -> str:
    shown = "; ".join(broken[:MOST_TOLD])
    more = "" if len(broken) <= MOST_TOLD else f"; and {len(broken) - MOST_TOLD} more"
    return f"by the policy {name}, {shown}{more}"
