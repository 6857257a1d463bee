"""Where large content is kept. The same variables for every service, which must all see the same store."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ObjectsConfig(BaseSettings):
    """``OBJECTS_*``. The URL is any that fsspec knows: a folder, or ``s3://bucket/prefix`` with the extra ``s3``.

    Credentials are the store's own business (for S3: ``AWS_*``), and never part of the URL.
    """

    model_config = SettingsConfigDict(env_prefix="OBJECTS_", frozen=True, extra="ignore")

    url: str = ".portfolio/objects"
    keep_days: int = Field(default=31, ge=0, description="as long as dead letters; 0: the store's own rules remove it")
    largest_bytes: int = Field(default=67_108_864, ge=1_024, description="of one object, written or read")
