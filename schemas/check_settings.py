"""What a check may be told beside its name, by a lane or by a request: which settings there are, and their kinds.

The validator reads them as it judges; ``portfolio check`` reads a lane's before anything is judged.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, Self, cast

from pydantic import Field, ValidationError, field_validator, model_validator

from schemas.content import Json
from schemas.fact import Fact
from schemas.languages import code_of


class Counted(Fact):
    """How many there must be: one bound at least."""

    at_least: int | None = Field(default=None, ge=0)
    less_than: int | None = Field(default=None, ge=1)
    exactly: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.at_least is None and self.less_than is None and self.exactly is None:
            raise ValueError("give at_least, less_than or exactly")
        return self

    def against(self, found: int, what: str) -> str | None:
        """What is wrong with this count."""
        if self.exactly is not None and found != self.exactly:
            return f"there are {found} {what}, and exactly {self.exactly} are asked for"
        if self.at_least is not None and found < self.at_least:
            return f"there are {found} {what}, and at least {self.at_least} are asked for"
        if self.less_than is not None and found >= self.less_than:
            return f"there are {found} {what}, and fewer than {self.less_than} are asked for"
        return None


class Nothing(Fact):
    """No settings at all."""


class CountedText(Counted):
    """How often a text must occur."""

    text: str = Field(min_length=1, max_length=200)


class Texts(Fact):
    """Some words or phrases."""

    texts: tuple[str, ...] = Field(min_length=1, max_length=100)


class Text(Fact):
    """A text."""

    text: str = Field(min_length=1)


class Separated(Counted):
    """How many parts, and what stands between them (paragraphs) or before each, with a number (sections)."""

    separator: str = Field(default="***", min_length=1, max_length=80)


class NthParagraph(Fact):
    """Which paragraph (from 1, of how many, blank lines between them) begins with which word."""

    number: int = Field(ge=1)
    out_of: int = Field(ge=1)
    word: str = Field(min_length=1)


class Grounding(Fact):
    """``leave``: arguments that a model may work out, and that need not stand in the request."""

    leave: tuple[str, ...] = ()


class Citing(Fact):
    """``min``: so many at least. ``every_sentence`` that states something has one. ``numbers`` are looked up."""

    min: int = Field(default=1, ge=0, le=100)
    every_sentence: bool = False
    numbers: bool = True


USUAL_CRITERIA = (
    "It answers what was asked, and all of it.",
    "What it states is true, and follows from what was given.",
    "It keeps to every instruction of the conversation.",
)


USUAL_THRESHOLD = 0.5
"""How alike two answers must be, where nothing is told: of numbers and choices, that they are the same."""


USUAL_OPINIONS, MOST_OPINIONS = 2, 3
"""How many models are asked until two agree."""


class Agreeing(Fact):
    """``when: planned``: the router's plan says whether another model must agree; else one must, always.

    ``threshold``: how alike the answers must be, 0 to 1; ``planned``: the router's plan says that, by what was learned.
    ``opinions``: how many models are asked at most until two agree, before a stronger one answers; ``planned``: two, or
    three where the router's plan says so.
    """

    when: Literal["always", "planned"] = "always"
    opinions: Literal[2, 3, "planned"] = 2
    threshold: float | Literal["planned"] = USUAL_THRESHOLD

    @field_validator("threshold", mode="before")
    @classmethod
    def _is_a_share(cls, told: object) -> object:
        if told == "planned" or (type(told) in (int, float) and 0 < cast("float", told) <= 1):
            return told
        raise ValueError("should be a number over 0 and up to 1, or planned")

    @property
    def fixed(self) -> float:
        """The threshold where no plan says one."""
        return USUAL_THRESHOLD if self.threshold == "planned" else self.threshold


class Held(Fact):
    """``value``: the pack's name, as in ``{policy: support}``."""

    value: str = Field(min_length=1)


class Sure(Fact):
    """``at_least``: the least mean probability of an answer's tokens, 0 to 1, as the model's provider tells it."""

    at_least: float = Field(default=0.8, gt=0, le=1)


class InLanguage(Fact):
    """``value``: a language's code (ISO 639-1) or its name, as in ``{language: de}``."""

    value: str

    @field_validator("value")
    @classmethod
    def _is_a_language(cls, told: str) -> str:
        return code_of(told)


class Judging(Fact):
    """``ask``: models of the portfolio, the preferred first. ``at_least``: the grade, of ten, that is good enough.

    ``prompt`` is the version of what a judge is told, and ``criteria`` what it is told to hold the answer to.
    """

    ask: tuple[str, ...] = Field(min_length=1)
    at_least: int = Field(default=7, ge=2, le=10)
    criteria: tuple[str, ...] = Field(default=USUAL_CRITERIA, min_length=1, max_length=10)
    prompt: Literal["1"] = "1"


SETTINGS: Mapping[str, type[Fact]] = MappingProxyType(
    {
        "words": Counted,
        "sentences": Counted,
        "paragraphs": Separated,
        "nth_paragraph": NthParagraph,
        "sections": Separated,
        "bullets": Counted,
        "highlights": Counted,
        "placeholders": Counted,
        "capital_words": Counted,
        "occurrences": CountedText,
        "has_texts": Texts,
        "lacks_words": Texts,
        "postscript": Text,
        "starts_with": Text,
        "ends_with": Text,
        "one_of": Texts,
        "language": InLanguage,
        "confidence": Sure,
        "agreement": Agreeing,
        "grounded": Grounding,
        "citations": Citing,
        "policy": Held,
        "judge": Judging,
    }
)


def settings_of(name: str) -> type[Fact]:
    """The kind of a check's settings; a check that is not among those takes none."""
    return SETTINGS.get(name, Nothing)


def read_settings(name: str, settings: Json) -> Fact:
    """The settings of a check. Raises ``pydantic.ValidationError`` that names each wrong one."""
    return settings_of(name).model_validate(settings, strict=False)


def as_settings(told: Any) -> Json:
    """A lane's settings as a mapping: ``{policy: support}`` is ``{policy: {value: support}}``."""
    return cast("Json", told) if isinstance(told, dict) else ({} if told is None else {"value": told})


def leaves_agreement(checks: Sequence[str | Json]) -> bool:
    """Whether a lane leaves it to the router's plan if another model must agree; settings that are wrong do not."""
    told = _agreeing(checks)
    return bool(told) and all(settings.when == "planned" for settings in told)


def plans_threshold(checks: Sequence[str | Json]) -> bool:
    """Whether a lane leaves it to the router's plan how alike two answers must be."""
    told = _agreeing(checks)
    return bool(told) and all(settings.threshold == "planned" for settings in told)


def fixed_threshold(checks: Sequence[str | Json]) -> float:
    """How alike two answers must be in a lane, where no plan says it."""
    return max((settings.fixed for settings in _agreeing(checks)), default=USUAL_THRESHOLD)


def asks_a_third(checks: Sequence[str | Json]) -> bool:
    """Whether a lane has a third model settle what two differ on, whatever its plan says."""
    return any(settings.opinions == MOST_OPINIONS for settings in _agreeing(checks))


def plans_a_third(checks: Sequence[str | Json]) -> bool:
    """Whether a lane leaves it to the router's plan if a third model settles what two differ on."""
    told = _agreeing(checks)
    return bool(told) and all(settings.opinions == "planned" for settings in told)


def may_ask_a_third(checks: Sequence[str | Json]) -> bool:
    """Whether a lane ever has a third model settle what two differ on: always, or where its plan says so."""
    return asks_a_third(checks) or plans_a_third(checks)


def _agreeing(checks: Sequence[str | Json]) -> list[Agreeing]:
    """How a lane wants agreement; the usual way, where its settings are wrong."""
    told = [check["agreement"] for check in checks if not isinstance(check, str) and "agreement" in check]
    return [_read_agreeing(as_settings(settings)) for settings in told]


def _read_agreeing(settings: Json) -> Agreeing:
    try:
        return Agreeing.model_validate(settings, strict=False)
    except ValidationError:
        return Agreeing()


def judging_of(checks: Sequence[str | Json]) -> Judging | None:
    """How a lane's answers are judged; ``None`` where no judge is asked, or by settings that nobody can use."""
    told = [check["judge"] for check in checks if not isinstance(check, str) and "judge" in check]
    try:
        return Judging.model_validate(as_settings(told[0]), strict=False) if told else None
    except ValidationError:
        return None
