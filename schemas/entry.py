"""What the parts of the portfolio document are made of."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from schemas.fact import Fact

# A provider's name is part of a topic's name, so it keeps to what Kafka takes.
NAMED = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, StringConstraints(pattern=NAMED, max_length=120)]
# The name of an environment variable; a key pasted in its place is refused, and never published.
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$", max_length=120)]


def _printable(told: str) -> str:
    if not told.isprintable():
        raise ValueError("has a character that cannot be seen: write what clients send as model, letter by letter")
    return told


# What clients of others' gateways send as model, such as meta-llama/Llama-3.1-8B: no topic is named after it.
Alias = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200), AfterValidator(_printable)]
Aliases = Annotated[tuple[Alias, ...], Field(min_length=1, max_length=50)]
Usd = Annotated[Decimal, Field(ge=0)]


class Entry(Fact):
    """A part of the document: as closed as a fact, but YAML's own types are taken as they come."""

    model_config = ConfigDict(strict=False)
