"""A store that nobody chose: a folder of the process that writes there, which others may not see."""

from infra.objects.config import ObjectsConfig


def told_of_own_folder(config: ObjectsConfig) -> str | None:
    """What to say of it where ``OBJECTS_URL`` is not set; ``None`` where it is."""
    if "url" in config.model_fields_set:
        return None
    return (
        f"OBJECTS_URL is not set: large and sealed content is kept in {config.url} of this working directory. "
        "Services that run elsewhere cannot read it, and such requests fail there (content_elsewhere): "
        "give all the same OBJECTS_URL"
    )
