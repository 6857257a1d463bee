"""Where large content is kept, and under which keys. The same variables for every service that opens content."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.objects.master_keys import MasterKeys
from infra.objects.schemes import unusable


class ObjectsConfig(BaseSettings):
    """``OBJECTS_*``. The URL is any that fsspec knows: a folder, or ``s3://bucket/prefix`` with the extra ``s3``.

    Credentials are the store's own business (for S3: ``AWS_*``), and never part of the URL.
    """

    model_config = SettingsConfigDict(env_prefix="OBJECTS_", frozen=True, extra="ignore")

    url: str = ".portfolio/objects"
    keep_days: int = Field(default=31, ge=0, description="as long as dead letters; 0: the store's own rules remove it")
    largest_bytes: int = Field(default=67_108_864, ge=1_024, description="of one object, written or read")

    @field_validator("url")
    @classmethod
    def _can_be_opened(cls, url: str) -> str:
        if (why := unusable(url)) is not None:
            raise ValueError(why)
        return url


class SealingConfig(BaseSettings):
    """``SEALING_*``. Without keys nothing is sealed."""

    model_config = SettingsConfigDict(env_prefix="SEALING_", frozen=True, extra="ignore")

    keys: SecretStr | None = Field(default=None, description="name:base64 of 32 bytes, by commas; the first one seals")

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            MasterKeys.read(value.get_secret_value())
        return value

    @property
    def master_keys(self) -> MasterKeys | None:
        """The keys; ``None`` without any."""
        text = self.keys.get_secret_value() if self.keys else ""
        return MasterKeys.read(text) if text else None
