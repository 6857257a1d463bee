"""The containers of docker-compose.yml that run our services: what each is told, by the file and by its image."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "infra/docker/Dockerfile"
UNLESS_TOLD = re.compile(r"\$\{(\w+):-([^}]*)\}")


def recipe() -> str:
    """The recipe of our images, with its long lines whole."""
    return RECIPE.read_text().replace("\\\n", " ")


def of_the_image() -> dict[str, str]:
    """The variables that the recipe sets."""
    [told] = re.findall(r"^ENV (.+)$", recipe(), re.MULTILINE)
    found = dict(pair.split("=", 1) for pair in told.split())
    return {name: value for name, value in found.items() if "$" not in value}


def health_command() -> list[str]:
    """What Docker runs in a container to ask how it is."""
    [told] = re.findall(r"^HEALTHCHECK .*?CMD (\[.+\])$", recipe(), re.MULTILINE)
    return json.loads(told)


@dataclass(frozen=True, slots=True)
class Container:
    """One of ours. ``awaits`` are those that it waits for, by name, and what they must come to."""

    name: str
    service: str
    command: list[str]
    environment: dict[str, str]
    awaits: dict[str, str]


def containers(said: Mapping[str, str] | None = None) -> Iterator[Container]:
    """Those that run our services, as they are when Compose is told this, and nothing else."""

    def value(found: re.Match[str]) -> str:
        return (said or {}).get(found[1]) or found[2]

    for name, told in YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"].items():
        if service := told.get("build", {}).get("args", {}).get("SERVICE"):
            environment = {key: UNLESS_TOLD.sub(value, str(text)) for key, text in told["environment"].items()}
            awaits = {other: each["condition"] for other, each in told["depends_on"].items()}
            command = told.get("command", ["python", "-m", f"services.{service}"])
            yield Container(name, service, command, {**of_the_image(), **environment}, awaits)
