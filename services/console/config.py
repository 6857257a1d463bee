"""Where the console finds what it talks to: an option, else the environment, else what ``make up`` wrote."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.console.domain.failures import Misused
from services.console.domain.sign_in import holders

ADDRESSES = Path(".portfolio", "addresses.json")


class AddressesFile(PydanticBaseSettingsSource):
    """The nearest ``.portfolio/addresses.json``, here or in a directory above."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        here = Path.cwd()
        found = next((path for each in (here, *here.parents) if (path := each / ADDRESSES).is_file()), None)
        if found is None:
            return {}
        try:
            told = json.loads(found.read_text())
            return {name: told[name] for name in self.settings_cls.model_fields if told.get(name)}
        except (OSError, ValueError, AttributeError) as error:
            raise Misused(f"{found} is not what `make up` writes ({type(error).__name__}): remove it") from error


class ConsoleConfig(BaseSettings):
    """``CONSOLE_*`` settings, and ``KAFKA_BOOTSTRAP_SERVERS``, which every service shares."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CONSOLE_", populate_by_name=True)

    kafka: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    ledger: str = Field(default="http://127.0.0.1:8081", validation_alias="CONSOLE_LEDGER_URL")
    jaeger: str = Field(default="http://127.0.0.1:16686", validation_alias="CONSOLE_JAEGER_URL")
    gateway: str = Field(default="http://127.0.0.1:8080", validation_alias="CONSOLE_GATEWAY_URL")
    api_key: SecretStr = Field(default=SecretStr(""), description="of the scope admin, for `keys`")
    database: SecretStr = Field(default=SecretStr(""), validation_alias="DATABASE_URL", description="for `doctor`")
    otlp: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT", description="for `doctor`")
    timeout_s: float = Field(default=10.0, gt=0, description="how long any part may take to answer")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, AddressesFile(settings_cls)


def configured(**options: str | None) -> ConsoleConfig:
    """The settings that hold here; ``options`` that are ``None`` were not given. Raises :class:`Misused`."""
    try:
        return ConsoleConfig(**{name: value for name, value in options.items() if value is not None})  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise Misused(f"the console's settings are wrong: {names}") from None


class PagesConfig(BaseSettings):
    """``CONSOLE_*`` settings of the pages. Keys are told by their SHA-256 only: ``NAME:ROLE:SHA256,...``."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CONSOLE_")

    host: str = "127.0.0.1"
    port: int = Field(default=8082, ge=0, le=65_535, description="0: any free port")
    keys: SecretStr = SecretStr("")
    session_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        description="signs the cookies; without one, everybody signs in again after a restart",
    )
    over_tls: bool = Field(default=False, description="whether browsers come over TLS, and send cookies over it only")
    health_urls: str = Field(default="", description="health ports of services, apart by commas")
    jaeger_pages: str | None = Field(default=None, description="where a browser finds Jaeger")
    trace_timeout_s: float = Field(default=1.5, gt=0, description="for Jaeger to answer while a page waits")

    @field_validator("keys")
    @classmethod
    def _can_be_read(cls, keys: SecretStr) -> SecretStr:
        holders(keys.get_secret_value())
        return keys


def variables_set() -> frozenset[str]:
    """The names of the environment's variables that are not empty; never their values."""
    return frozenset(name for name, value in os.environ.items() if value)


class LocalServersConfig(BaseSettings):
    """What Ollama and vLLM themselves are told by variables, for ``init``."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    ollama: str = Field(default="", validation_alias="OLLAMA_HOST")
    window: int | None = Field(default=None, ge=1, validation_alias="OLLAMA_CONTEXT_LENGTH")
    vllm_key: SecretStr = Field(default=SecretStr(""), validation_alias="VLLM_API_KEY")


def configured_servers() -> LocalServersConfig:
    """The settings that hold here. Raises :class:`Misused`."""
    try:
        return LocalServersConfig()
    except ValidationError:
        raise Misused("OLLAMA_CONTEXT_LENGTH should be a number of tokens") from None
