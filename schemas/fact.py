"""The root of everything that crosses the wire: strict for writers, tolerant for readers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, GetPydanticSchema, create_model
from pydantic_core import core_schema


def null_is(absent: Callable[[], Any]) -> GetPydanticSchema:
    """Beside the type of an optional field: null, which many serializers write for what is not set, is what ``absent``
    makes.
    """
    return GetPydanticSchema(
        lambda told, of: core_schema.no_info_after_validator_function(
            lambda value: absent() if value is None else value, core_schema.nullable_schema(of(told))
        )
    )


class Fact(BaseModel):
    """A frozen value. Building one with an unknown field or a wrong type is an error.

    Reading is tolerant: :meth:`read` ignores unknown fields, so that an older service understands a newer writer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())

    @classmethod
    def read(cls, data: bytes | str) -> Self:
        """Parse JSON. Raises ``pydantic.ValidationError`` that names each wrong field."""
        return cls.__pydantic_validator__.validate_json(data, extra="ignore")

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """Build from plain JSON values (strings for ids and times), as tolerant as :meth:`read`."""
        return cls.__pydantic_validator__.validate_python(data, strict=False, extra="ignore")

    def to_json(self) -> bytes:
        """The wire form. A field that is ``None`` is left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


class Event(Fact):
    """A fact that is said on a topic. Its id follows from its type, ``subject`` and ``counter``."""

    @property
    def subject(self) -> UUID | str:
        """What it speaks of, and its record's key: a request's id, or the key of a compacted topic."""
        raise NotImplementedError

    @property
    def counter(self) -> str:
        """What tells apart events of one type that speak of one subject."""
        return ""

    @property
    def expires_at(self) -> datetime | None:
        """When nobody acts on it any more; ``None`` for what is always of use."""
        return None

    @property
    def suffix(self) -> str | None:
        """The last part of its topic's name, for a topic of which there are several."""
        return None


F = TypeVar("F", bound=Fact)


def part_of(fact: type[F], *names: str) -> type[F]:
    """What reads of a fact only some fields: ``"name"``, or ``"name.name"`` for a field of a fact in it.

    For who needs no more of an event that carries a whole request: the others are not looked at, nor there
    (``AttributeError``). Raises ``KeyError`` for a field that the fact has not.
    """
    wanted: dict[str, list[str]] = {}
    for name in names:
        first, _, within = name.partition(".")
        wanted.setdefault(first, []).append(within)
    fields: dict[str, Any] = {}
    for name, within in wanted.items():
        field = fact.model_fields[name]
        whole = cast("type[Fact]", field.annotation)
        fields[name] = (whole if "" in within else part_of(whole, *within), field)
    return cast("type[F]", create_model(fact.__name__, __base__=Fact, **fields))
