"""How to reach Kafka, and how much is read at once. The same variables for every service."""

from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LETTER_ROOM_BYTES = 65_536
"""What a dead letter may have beside the whole record that it keeps: its ``dl_`` headers, with room to spare."""


class BusConfig(BaseSettings):
    """``KAFKA_*`` and ``TOPIC_*`` settings. One prefix covers topics, groups and ACLs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    topic_prefix: str = ""
    topic_partitions: int = Field(default=16, ge=1, le=1_000, description="of every topic keyed by request")
    topic_replication: int = Field(default=1, ge=1, le=9)
    topics_create: bool = Field(default=True, description="create missing topics at start; off in production")
    batch_records: int = Field(default=128, ge=1, le=10_000)
    batch_pause_ms: int = Field(default=20, ge=0, le=1_000, description="after a batch, at a thousand requests/s")
    publish_deadline_s: float = Field(default=15.0, gt=0)
    stop_grace_s: float = Field(default=15.0, gt=0)
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_max_request_bytes: int = Field(default=1_048_576, ge=1_024, description="of a record on the intake topic")
    kafka_max_event_bytes: int = Field(
        default=8_388_608,
        ge=1_024,
        description="of any other record: a request's content is in its events, with answers",
    )

    @model_validator(mode="after")
    def _knows_who_it_is(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: SASL needs both")
        return self

    @property
    def letter_bytes(self) -> int:
        """The limit of a dead letter: any record that Kafka took must fit, with why it was put aside."""
        return max(self.kafka_max_event_bytes, self.kafka_max_request_bytes) + LETTER_ROOM_BYTES

    def physical(self, name: str) -> str:
        """The name of a topic or a group on the cluster."""
        return f"{self.topic_prefix}{name}"

    def logical(self, physical: str) -> str:
        """The name of a topic without the prefix."""
        return physical.removeprefix(self.topic_prefix)

    def connection(self) -> dict[str, Any]:
        """What every aiokafka client is told to connect."""
        told: dict[str, Any] = {
            "bootstrap_servers": self.kafka_bootstrap_servers,
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_sasl_username and self.kafka_sasl_password:
            told["sasl_mechanism"] = self.kafka_sasl_mechanism
            told["sasl_plain_username"] = self.kafka_sasl_username
            told["sasl_plain_password"] = self.kafka_sasl_password.get_secret_value()
        if self.kafka_security_protocol.endswith("SSL"):
            from aiokafka.helpers import create_ssl_context

            told["ssl_context"] = create_ssl_context()
        return told
