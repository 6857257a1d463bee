"""A LiteLLM proxy's configuration, read as the proxy reads it: tolerantly, and with its includes merged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, cast

from schemas.references import as_list, as_mapping
from services.console.domain.from_litellm.counterparts import counterpart
from services.console.domain.from_litellm.told import Fate, Told

Config = Mapping[str, Any]
VARIABLE = "os.environ/"
"""Before the name of a variable, in whose place LiteLLM puts what it holds."""
SECTIONS = ("router_settings", "litellm_settings", "general_settings")
VARIABLES = "environment_variables"
NUMBERS = (
    "rpm tpm weight timeout order max_parallel_requests input_cost_per_token output_cost_per_token "
    "cache_read_input_token_cost cache_creation_input_token_cost max_input_tokens max_tokens max_output_tokens "
    "num_retries request_timeout cooldown_time default_max_parallel_requests max_fallbacks"
).split()
WHOLE = "rpm tpm max_input_tokens max_tokens max_output_tokens".split()
"""Numbers that are of use from 1 on."""
POSITIVE = ("timeout", "request_timeout")
ABILITIES = ("supports_function_calling", "supports_vision", "supports_audio_input", "supports_response_schema")
TEXTS = ("api_base", "base_url", "base_model", "mode", "custom_llm_provider", "litellm_credential_name")
REGIONS = ("eu", "us")
LISTS = ("model_list", "include", "credential_list", "default_fallbacks")
MAPPINGS = (
    "router_settings",
    "litellm_settings",
    "general_settings",
    "model_group_alias",
    "litellm_params",
    "model_info",
)
NO_ENTRY = "it is no deployment with a model_name, and a model in litellm_params; it is left out"
NO_CREDENTIAL = (
    "no such credential stands in credential_list: write what it holds into the deployment, and convert again"
)
NOT_CALLED = {
    VARIABLE: "the name of a model stands in a variable, and a portfolio holds it: write it there, and convert again",
    "auto_router/": "it chooses among other models: clients ask for auto here, or for a lane with these in its tiers",
}
"""What stands in the place of a model's name, by how it begins, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A deployment of ``model_list``, at its ``place`` there. Its parameters may hold keys, and are not shown."""

    place: int
    group: str
    model: str
    params: Config = field(repr=False)
    info: Config = field(repr=False)

    def number(self, name: str) -> float | None:
        """A number of its parameters, else of what is said of its model."""
        found = number(self.params.get(name))
        return number(self.info.get(name)) if found is None else found

    def text(self, name: str) -> str | None:
        """A text of its parameters that is not empty."""
        found = self.params.get(name)
        return found if isinstance(found, str) and found else None

    @property
    def base(self) -> str | None:
        """Where it is called, where the configuration says it."""
        return self.text("api_base") or self.text("base_url")


def merged(config: Config, included: Sequence[Config]) -> dict[str, Any]:
    """A configuration with its included ones, in their order: lists grow, and every other value is replaced."""
    whole = {name: value for name, value in config.items() if name != "include"}
    for each in included:
        for name, value in each.items():
            if isinstance(value, list) and isinstance(whole.get(name), list):
                whole[name] = [*whole[name], *cast("list[Any]", value)]
            elif name != "include":
                whole[name] = value
    return whole


def includes(config: Config) -> list[str]:
    """The files that it names, as it names them."""
    return [each for each in as_list(config.get("include")) if isinstance(each, str)]


def entries(config: Config) -> tuple[list[Entry], list[Told]]:
    """The deployments, in their order, and what is no deployment."""
    found: list[Entry] = []
    told: list[Told] = []
    credentials = _credentials(config)
    for index, each in enumerate(as_list(config.get("model_list"))):
        entry = _entry(index, as_mapping(each), credentials)
        if entry is None:
            told.append(Told(f"model_list[{index}]", Fate.TO_DO, NO_ENTRY))
        elif why := next((why for begin, why in NOT_CALLED.items() if entry.model.startswith(begin)), None):
            told.append(Told("litellm_params.model", Fate.TO_DO, why, (entry.group,)))
        else:
            found.append(entry)
            told += _without_credential(entry, credentials)
    return found, told


def _without_credential(entry: Entry, credentials: Mapping[str, Config]) -> Iterator[Told]:
    name = entry.text("litellm_credential_name")
    if name is not None and name not in credentials:
        yield Told("litellm_params.litellm_credential_name", Fate.TO_DO, NO_CREDENTIAL, (entry.group,))


def _entry(place: int, told: Config, credentials: Mapping[str, Config]) -> Entry | None:
    params = as_mapping(told.get("litellm_params"))
    group, model = _name(told.get("model_name")), _name(params.get("model"))
    if group is None or model is None:
        return None
    named = credentials.get(str(params.get("litellm_credential_name")), {})
    beside = {name: told[name] for name in ("rpm", "tpm") if name in told}
    info = {**as_mapping(params.get("model_info")), **as_mapping(told.get("model_info"))}
    return Entry(place, group, model, {**beside, **named, **params}, info)


def _name(told: object) -> str | None:
    return told if isinstance(told, str) and told.strip() and told.isprintable() else None


def _credentials(config: Config) -> dict[str, Config]:
    listed = map(as_mapping, as_list(config.get("credential_list")))
    return {str(each.get("credential_name")): as_mapping(each.get("credential_values")) for each in listed}


def number(value: Any) -> float | None:
    """A number that is not below zero, also as text, as LiteLLM takes it; ``None`` for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) and found >= 0 else None


def whole(value: float | None) -> int | None:
    """A number as a whole one, where there is one of 1 or more."""
    return int(value) if value is not None and value >= 1 else None


def setting(config: Config, name: str, *sections: str) -> Any:
    """A setting of the first of these sections that says it."""
    for section in sections:
        if (value := as_mapping(config.get(section)).get(name)) is not None:
            return value
    return None


def settings_told(config: Config, found: Sequence[Entry]) -> Iterator[Told]:
    """All settings that are there, but those that are carried over as they are."""
    for name, value in config.items():
        yield from _told("", name, value)
    for section in SECTIONS:
        for name, value in as_mapping(config.get(section)).items():
            yield from _told(section, name, value)
    for each in as_list(config.get("model_list")):
        for name, value in as_mapping(each).items():
            yield from _told("model_list", name, value, as_mapping(each).get("model_name"))
    for entry in found:
        for name, value in entry.params.items():
            yield from _told("litellm_params", name, value, entry.group)
        for name, value in entry.info.items():
            yield from _told("model_info", name, value, entry.group)


def _told(section: str, name: str, value: Any, group: object = None) -> Iterator[Told]:
    if value is None or value == {} or value == []:
        return
    of = (group,) if isinstance(group, str) else ()
    full = f"{section}.{name}".removeprefix(".")
    row = counterpart(section, name)
    if full == VARIABLES:
        yield Told(full, row.fate, row.here, tuple(as_mapping(value)))
    elif row.fate is not Fate.SAME:
        yield Told(full, row.fate, row.here, of)
    elif why := _unused(name, value):
        yield Told(full, Fate.TO_DO, why if name in (*LISTS, *MAPPINGS) else f"{why}: {row.here}", of)


def _unused(name: str, value: Any) -> str | None:
    """Why a value that would be carried over is not. It is not quoted."""
    if name in NUMBERS:
        return _unused_number(name, number(value))
    if name in ABILITIES:
        return None if isinstance(value, bool) else "it is neither true nor false, and is left out; write it as one"
    if name == "region_name":
        return None if isinstance(value, str) and value.startswith(REGIONS) else "no region follows from it; write it"
    if name in TEXTS:
        return _unused_text(name, value)
    if name in (*LISTS, *MAPPINGS) and not isinstance(value, list if name in LISTS else dict):
        return f"LiteLLM reads a {'list' if name in LISTS else 'mapping'} here, and this is none: it is left out"
    return None


def _unused_number(name: str, found: float | None) -> str | None:
    if found is None:
        return "it is no number here, and is left out; write it as one"
    if (name in WHOLE and found < 1) or (name in POSITIVE and not found):
        return "a number this small is left out; write a greater one"
    return None


def _unused_text(name: str, value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return "it is no text here, and is left out; write it as one"
    if name in ("base_model", "mode") and value.startswith(VARIABLE):
        return "what a variable holds is not read, and it is left out; write it"
    return None
