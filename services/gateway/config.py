"""Settings of the gateway."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.wrong_settings import WrongSetting
from services.gateway.domain.origins import origins_in

KAFKA_MESSAGE_BYTES = 1_048_576
ROOM_FOR_THE_REST = 131_072
"""What events carry beside the body in one Kafka message: facts, headers, the answer, what was tried."""


LOOPBACK = ("127.", "localhost", "::1")
LEAST_SECRET = 24
"""Characters of a key that is not made here."""

DAY_S = 86_400.0


class KeysPolicy(StrEnum):
    """Whether clients need an API key, or any word passes for one."""

    REQUIRED = "required"
    OFF = "off"


class KeptTooLong(WrongSetting):
    """Batches would be known for longer than what their files hold."""


class GatewayConfig(BaseSettings):
    """``GATEWAY_*``. Each of ``replica_count`` replicas has its own ``replica_index``, from 0."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", env_ignore_empty=True, frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535, description="0: any free port")
    replica_index: int = Field(default=0, ge=0)
    replica_count: int = Field(default=1, ge=1)
    cors_origins: str = Field(default="", description="of pages whose scripts may call it, apart by commas; * for all")
    keys: KeysPolicy = KeysPolicy.OFF
    admin_key: SecretStr | None = Field(default=None, min_length=LEAST_SECRET, description="makes the first keys")
    max_body_bytes: int = Field(default=33_554_432, ge=1)
    max_inline_bytes: int = Field(
        default=KAFKA_MESSAGE_BYTES - ROOM_FOR_THE_REST, ge=1, description="of a body; a larger one goes by reference"
    )
    max_large_at_once: int = Field(default=4, ge=1, description="bodies over max_inline_bytes being taken")
    max_waiting: int = Field(default=8_192, ge=1, description="requests between their first byte and their end")
    body_timeout_s: float = Field(default=20, gt=0, description="for a client to send its whole body")
    publish_timeout_s: float = Field(default=5, gt=0, description="for Kafka to acknowledge a request")
    cache_max_bytes: int = Field(default=268_435_456, ge=1, description="of the answers in the cache, all together")
    cache_largest_bytes: int = Field(default=65_536, ge=1, description="of an answer in the cache")
    batch_max_lines: int = Field(default=50_000, ge=1, description="of a batch")
    batch_max_bytes: int = Field(default=209_715_200, ge=1, description="of a batch's file")
    batch_in_flight: int = Field(default=32, ge=1, description="lines of one batch under way at once")
    batch_keep_days: int = Field(default=30, ge=2, description="batches, and files; a day less than OBJECTS_KEEP_DAYS")
    progress_s: float = Field(default=5, gt=0, description="of silence before a stream tells that it is waiting")
    longest_wait_s: float = Field(default=600, gt=0, description="whatever a lane's deadline is")
    access_log: bool = Field(default=False, description="a line for each answer: never content, nor keys")
    stop_grace_s: float = Field(default=20, ge=0, description="for answers under way when it is told to stop")

    @property
    def batch_kept_s(self) -> float:
        """For so long batches and files are kept."""
        return self.batch_keep_days * DAY_S

    @property
    def is_open_to_all(self) -> bool:
        """Whether machines besides this one may reach it, and need no key."""
        return self.keys is KeysPolicy.OFF and not self.host.startswith(LOOPBACK)

    def within(self, objects_days: int) -> Self:
        """The same, with batches kept a day less than objects are (0: by the store's own rules), unless told otherwise.

        Raises :class:`KeptTooLong` where it was told, and is more.
        """
        most = objects_days - 1
        if objects_days == 0 or self.batch_keep_days <= most:
            return self
        if "batch_keep_days" in self.model_fields_set:
            days = f"GATEWAY_BATCH_KEEP_DAYS is {self.batch_keep_days}, and OBJECTS_KEEP_DAYS {objects_days}"
            raise KeptTooLong(
                f"{days}: parts of a file would go before it does; keep objects a day longer than batches"
            )
        return self.model_copy(update={"batch_keep_days": max(1, most)})

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, told: str) -> str:
        origins_in(told)
        return told

    @model_validator(mode="after")
    def _is_one_of_the_replicas(self) -> Self:
        if self.replica_index >= self.replica_count:
            raise ValueError("GATEWAY_REPLICA_INDEX counts from 0 and must be below GATEWAY_REPLICA_COUNT")
        return self
