"""What the portfolio document says of its models: where they are asked, for how much, and what is believed of them."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from schemas.entry import Aliases, Entry, Name, Usd
from schemas.languages import code_of
from schemas.money import MICRO

SECONDS_AN_HOUR = 3_600
DEFAULT_TOKENS_PER_S = 50.0
"""Tokens a second over which an hourly price is spread when the portfolio does not say."""


class Lifecycle(StrEnum):
    """Where a model stands in its life. Only active and deprecated ones are asked."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


SERVING = (Lifecycle.ACTIVE, Lifecycle.DEPRECATED)
"""Models of these are asked; a candidate not yet, and a retired one no more."""


ABILITIES = ("chat", "json", "tools", "vision", "audio", "embeddings", "logprobs")
"""What requests may need of a model, and what its answers may tell."""


class ModelKind(StrEnum):
    """Where a model comes from: a vendor's API, open weights, weights tuned for a task, or recorded answers."""

    API = "api"
    OPEN_SOURCE = "open_source"
    FINE_TUNED = "fine_tuned"
    RECORDED = "recorded"


class Above(Entry):
    """Prices of a prompt of more than so many ``tokens``, and of its answer. What is untold is as for shorter ones."""

    tokens: int = Field(ge=1)
    input: Usd | None = None
    cached_input: Usd | None = None
    cache_write: Usd | None = None
    output: Usd | None = None

    def prices(self) -> dict[str, Decimal]:
        """Those that it tells, by name."""
        return self.model_dump(exclude={"tokens"}, exclude_none=True)


class Price(Entry):
    """Dollars per million tokens, or dollars per hour of the machine spread over the tokens measured.

    ``tokens_per_s`` turns an hourly price into one per token. ``from`` is the day of the price list.
    ``cached_input`` and ``cache_write``: of tokens read from the provider's cache of prompts, and written there; as
    ``input`` unless told. ``above``: where long prompts have prices of their own, for all their tokens.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    input: Usd | None = None
    cached_input: Usd | None = None
    cache_write: Usd | None = None
    output: Usd | None = None
    usd_per_hour: Usd | None = None
    tokens_per_s: float | None = Field(default=None, gt=0)
    above: tuple[Above, ...] | None = Field(default=None, min_length=1)
    from_: date | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _is_per_token_or_per_hour(self) -> Self:
        per_token = self.input is not None and self.output is not None
        if per_token == (self.usd_per_hour is not None):
            raise ValueError("a price has either input and output, or usd_per_hour")
        return self

    @model_validator(mode="after")
    def _rises(self) -> Self:
        bounds = [each.tokens for each in self.above or ()]
        if bounds and self.usd_per_hour is not None:
            raise ValueError("above is of prices by tokens, and an hour costs the same whatever is read in it")
        if bounds != sorted(set(bounds)):
            raise ValueError("above has each number of tokens once, the fewest first")
        return self

    def of_prompt(self, read: int) -> "Price":
        """What a prompt of so many tokens, and its answer, are paid by."""
        if self.above is None:
            return self
        found = next((each for each in reversed(self.above) if read > each.tokens), None)
        return self.model_copy(update={**(found.prices() if found else {}), "above": None})

    def micro_usd(self, read: int, written: int) -> int:
        """Micro-dollars for so many tokens, rounded up. Dollars per million tokens are micro-dollars per token."""
        if self.above is not None:
            return self.of_prompt(read).micro_usd(read, written)
        if self.usd_per_hour is not None:
            seconds = Decimal(read + written) / Decimal(str(self.tokens_per_s or DEFAULT_TOKENS_PER_S))
            return ceil(self.usd_per_hour * MICRO * seconds / SECONDS_AN_HOUR)
        return ceil((self.input or 0) * read + (self.output or 0) * written)

    def least_micro_usd(self, read: int, written: int) -> int:
        """Micro-dollars where the provider has read it before, rounded up."""
        if self.above is not None:
            return self.of_prompt(read).least_micro_usd(read, written)
        if self.cached_input is None or self.cached_input >= (self.input or 0):
            return self.micro_usd(read, written)
        return ceil(self.cached_input * read + (self.output or 0) * written)


MOST_WEIGHT = 1_000_000_000


class Endpoint(Entry):
    """A model at a provider, under the name that the provider knows. No price: LiteLLM's price list is asked.

    ``weight``: its part of the requests that endpoints of this model share: those that cost nearly the same, and,
    whatever they cost, those that say a weight. Unless told 1; 0 stands by for the others.
    """

    provider: Name
    model: str
    price: Price | None = None
    weight: float | None = Field(default=None, ge=0, le=MOST_WEIGHT)


BUCKETS = 20
"""In so many equal buckets the scores of a graded check are counted, from 0 to 1."""
ROUNDED = 0.01
"""What shares may be more than all together, each rounded."""


def _of_each(told: tuple[float, ...]) -> tuple[float, ...]:
    if len(told) != BUCKETS:
        raise ValueError(f"there must be {BUCKETS} numbers, one for each bucket, and there are {len(told)}")
    return told


Bucketed = Annotated[tuple[Annotated[float, Field(ge=0)], ...], AfterValidator(_of_each)]


def bucket_of(score: float) -> int:
    """Which bucket a score falls into; one on an edge into the one above."""
    return min(int(score * BUCKETS), BUCKETS - 1)


class Curve(Entry):
    """How answers came out, by bucket of how alike they were to another model's: shares of all, right and wrong."""

    right: Bucketed
    wrong: Bucketed

    @model_validator(mode="after")
    def _are_shares_of_all(self) -> Self:
        if (whole := sum(self.right) + sum(self.wrong)) > 1 + ROUNDED:
            raise ValueError(f"right and wrong are shares of all answers: together 1 at most, and they are {whole:g}")
        return self


class Shares(Entry):
    """Shares of all answers: ``success``, they are right; ``false_accepts``, they pass, and are wrong all the same."""

    success: float = Field(ge=0, le=1)
    false_accepts: float = Field(ge=0, le=1)

    @property
    def passing(self) -> float:
        """Right or wrong."""
        return self.success + self.false_accepts


class Settled(Shares):
    """What a third model (``by``) settles of what two differ on, by taking the answer of either.

    ``after``: what each model that may follow makes of the rest, on which all three differ.
    """

    by: Name
    after: dict[Name, Shares] | None = None


class Confirmed(Entry):
    """What is left when another model (``by``) must agree: shares of all answers, of those that it agrees with.

    ``success``: they are right; ``false_accepts``: they are wrong all the same. ``curve``: the same for every
    threshold, for lanes that leave that to the plan. ``after``: what each model that may follow makes of the rest, on
    which the two differ; ``third``: what a third settles of it, for lanes that have one do so.
    """

    by: Name
    success: float = Field(ge=0, le=1)
    false_accepts: float = Field(ge=0, le=1)
    curve: Curve | None = None
    after: dict[Name, Shares] | None = None
    third: Settled | None = None

    @model_validator(mode="after")
    def _are_parts_of_all(self) -> Self:
        agreed = self.success + self.false_accepts
        settled = agreed + (self.third.passing if self.third else 0.0)
        each = [agreed + shares.passing for shares in (self.after or {}).values()]
        rest = [settled + shares.passing for shares in ((self.third.after if self.third else None) or {}).values()]
        if (whole := max((settled, *each, *rest))) > 1 + ROUNDED:
            raise ValueError(f"what follows is of the rest: with what was agreed on 1 at most, and it is {whole:g}")
        return self


class Prior(Entry):
    """What is believed of a model before it is known: its success, worth so many answers.

    ``source``: the recorded answers that it was learned from, by a name that choices repeat; a guess has none.
    ``false_accepts``: the share of all answers that passed the checks and were wrong. ``micro_usd``: an answer's cost.
    ``confirmed``: where another model must agree, for lanes that leave it to the plan; the rest is then without.
    """

    success: float = Field(ge=0, le=1)
    answers: float = Field(default=10, gt=0, le=1_000)
    false_accepts: float = Field(default=0, ge=0, le=1)
    micro_usd: int | None = Field(default=None, ge=0)
    source: Name | None = None
    confirmed: Confirmed | None = None

    @model_validator(mode="after")
    def _agreement_only_takes_away(self) -> Self:
        if self.confirmed and (
            self.confirmed.success > self.success or self.confirmed.false_accepts > self.false_accepts
        ):
            raise ValueError("confirmed answers are some of all: neither of its shares can be greater than without it")
        return self


Language = Annotated[str, AfterValidator(code_of)]


class Model(Entry):
    """A model, with all its endpoints: what they answer can be exchanged, so that one may stand in for another.

    ``abilities``: ``chat``, ``json``, ``tools``, ``vision``, ``audio`` (it hears), ``embeddings``; ``logprobs``, where
    all its endpoints tell the probabilities of tokens. Vectors of two models cannot be compared: endpoints of a model
    that can embed must serve the same weights. ``priors``: by task, before ``prior``. ``context_tokens``: prompt and
    answer together; ``most_output_tokens``: the longest answer, where its endpoints allow less than its context holds.
    ``dimensions``: how many numbers its vectors have, where it gives no others; absent: as a request asks for.
    ``policy_approved``: it is asked first for an answer where that of another model broke a policy. ``also_called``:
    other names by which clients may ask for it, slashes and colons in them. ``languages``: those that it
    speaks, by code or English name; without it all.
    """

    kind: ModelKind
    owner: str
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    context_tokens: int = Field(ge=1)
    most_output_tokens: int | None = Field(default=None, ge=1)
    abilities: tuple[str, ...] = ("chat",)
    dimensions: int | None = Field(default=None, ge=1)
    endpoints: tuple[Endpoint, ...] = Field(min_length=1)
    rollback_to: Name | None = None
    retires: date | None = None
    policy_approved: bool | None = None
    prior: Prior | None = None
    priors: dict[Name, Prior] | None = None
    also_called: Aliases | None = None
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] | None = None

    def endpoint_at(self, provider: str | None) -> Endpoint | None:
        """Where this provider serves the model."""
        return next((endpoint for endpoint in self.endpoints if endpoint.provider == provider), None)
