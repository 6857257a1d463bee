"""Rule packs: what an answer may not say, and what it must say, as an operator writes them in the portfolio document.

A pattern is matched by the engine of Rust's ``regex``, which pydantic brings: its time is in proportion to the text,
whatever the pattern, so that no pattern and no model-written text can stop a validator.
"""

import re
from functools import lru_cache
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import SchemaError, SchemaValidator, core_schema

from schemas.fact import Fact
from schemas.sensitive import Kind

LONGEST, MOST_RULES, MOST_REPEATED = 200, 200, 20
"""Characters of a rule, rules of a list, and how often a pattern's counts may repeat in all."""
COUNT = re.compile(r"(?<!\\)\{(\d{1,9})(?:,(\d{0,9}))?\}")


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> SchemaValidator:
    """Finds the pattern anywhere in a text. Raises ``ValueError`` for one that cannot be used."""
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(
            f"a pattern that cannot be used: {str(error).strip().splitlines()[-1].strip().removeprefix('error: ')}"
        ) from None


def _usable(pattern: str) -> str:
    repeated = 1
    for count in COUNT.finditer(pattern):
        repeated *= max(int(count[1]), int(count[2] or 1), 1)
    if repeated > MOST_REPEATED:
        raise ValueError(f"a pattern's counts, such as {{3}}, may come to {MOST_REPEATED} repetitions in all")
    matcher(pattern)
    return pattern


def _has_words(phrase: str) -> str:
    if not re.search(r"[^\W_]", phrase):
        raise ValueError("a phrase has one letter or digit at least")
    return phrase


Rule = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class Pattern(Fact):
    """A regular expression, found anywhere; ``(?i)`` at its start takes both cases. No look-around."""

    model_config = ConfigDict(strict=False)

    pattern: Annotated[Rule, AfterValidator(_usable)]


Phrase = Annotated[Rule, AfterValidator(_has_words)]


def _form(rule: object) -> str:
    """A text is a phrase: what is wrong with a rule is told of one form only."""
    return "a phrase" if isinstance(rule, str) else "a pattern"


AnyRule = Annotated[Annotated[Phrase, Tag("a phrase")] | Annotated[Pattern, Tag("a pattern")], Discriminator(_form)]
Rules = Annotated[tuple[AnyRule, ...], Field(max_length=MOST_RULES)]


class Policy(Fact):
    """One pack. ``forbid``: none may occur; ``require``: all must. ``leaks``: kinds of data that may not go out."""

    model_config = ConfigDict(strict=False)

    forbid: Rules = ()
    require: Rules = ()
    leaks: tuple[Kind, ...] = ()

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if not (self.forbid or self.require or self.leaks):
            raise ValueError("a policy has forbid, require or leaks")
        return self
