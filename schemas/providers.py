"""What the portfolio document says of its providers: how models are called there, how many at once, and when not."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from schemas.connection import HeaderName, Settings, SettingsEnv, headers_wrong, settings_wrong
from schemas.entry import Entry, Usd, VariableName


class AdapterKind(StrEnum):
    """How a provider is called: by OpenAI's API, through LiteLLM, or by giving recorded answers again."""

    OPENAI_COMPATIBLE = "openai_compatible"
    LITELLM = "litellm"
    REPLAY = "replay"


class BreakerLimits(Entry):
    """When a provider's model paths are set aside: ``failure_share`` of at least ``least_calls`` in ``window_s``.

    A path stays open for ``open_s``, twice as long each time that it comes back ill, up to ``longest_open_s``. Then
    ``probes`` calls pass; when all are good, it is closed.
    """

    window_s: float = Field(default=30, gt=0)
    least_calls: int = Field(default=10, ge=1)
    failure_share: float = Field(default=0.5, gt=0, le=1)
    open_s: float = Field(default=15, gt=0)
    longest_open_s: float = Field(default=300, gt=0)
    probes: int = Field(default=3, ge=1)


class Provider(Entry):
    """Where models are called. ``base_url`` and ``answers`` may hold ``${VARIABLE}``, resolved by the worker alone.

    ``concurrency`` is for each worker process; ``requests_per_minute`` and ``tokens_per_minute`` are for all together.
    ``spend_cap_usd``: the most that each worker process may spend from its start to its end. ``cache_control``: whether
    it takes these marks of prompt caching; unless told, where LiteLLM calls Anthropic.
    ``settings``: what LiteLLM is told of a cloud, such as a region; ``settings_env``: the same by names of variables,
    secrets among them. ``headers_env``: headers that go along with each call, by the variables that hold their values.
    """

    adapter: AdapterKind
    base_url: str | None = None
    answers: str | None = None
    vendor: str | None = None
    region: str | None = None
    api_key_env: VariableName | None = None
    concurrency: int = Field(default=16, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    timeout_s: float = Field(default=60, gt=0)
    spend_cap_usd: Usd | None = None
    cache_control: bool | None = None
    breaker: BreakerLimits = BreakerLimits()
    settings: Settings | None = None
    settings_env: SettingsEnv | None = None
    headers_env: dict[HeaderName, VariableName] | None = None

    def __hash__(self) -> int:
        """Of what tells most providers apart; mappings have none of their own."""
        return hash((self.adapter, self.base_url, self.api_key_env, self.settings, self.settings_env))

    @model_validator(mode="after")
    def _has_what_its_adapter_needs(self) -> Self:
        if self.adapter is AdapterKind.OPENAI_COMPATIBLE and not self.base_url:
            raise ValueError("an openai_compatible provider needs base_url")
        if self.adapter is AdapterKind.REPLAY and not self.answers:
            raise ValueError("a replay provider needs answers: the path of its recorded answers")
        return self

    @model_validator(mode="after")
    def _says_what_its_adapter_takes(self) -> Self:
        if (self.settings or self.settings_env) and self.adapter is not AdapterKind.LITELLM:
            raise ValueError(
                "settings: only LiteLLM takes them: write adapter: litellm, or headers_env and a query in base_url"
            )
        if self.headers_env and self.adapter is AdapterKind.REPLAY:
            raise ValueError("headers_env: recorded answers are asked of nobody: leave it out")
        wrong = (
            *settings_wrong(self.settings, self.settings_env),
            *headers_wrong(self.headers_env or {}, has_key=self.api_key_env is not None),
        )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self
