"""Write the JSON Schema and an example of every event, and of the portfolio document: ``python -m schemas.generate``.

They stand in ``schemas/json/v<n>``. The highest number is the contract as it is now; a number that has been released
(``--release``) is frozen, and the next change begins a new one. Older numbers stay, for all who still speak them.
``schemas/json/asyncapi.json`` tells of every topic together.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from schemas.asyncapi import asyncapi
from schemas.example_request import portfolio
from schemas.examples import examples
from schemas.fact import Fact
from schemas.portfolio import Portfolio
from schemas.topics import REGISTRY

FOLDER = Path(__file__).parent / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENT = "portfolio"
SEAL = "RELEASED"
OVERVIEW = "asyncapi.json"


def reader_schema(fact: type[Fact], name: str) -> dict[str, Any]:
    """What a reader takes: fields that it does not know are passed over, so none is forbidden."""
    return {"$schema": DIALECT, "$id": f"urn:model-portfolio:{name}", **_open(fact.model_json_schema())}


def document_schema() -> dict[str, Any]:
    """What an operator may write: an unknown key is an error, so that an editor shows a typo at once."""
    return {"$schema": DIALECT, "$id": f"urn:model-portfolio:{DOCUMENT}", **Portfolio.model_json_schema()}


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    found = {f"{DOCUMENT}.schema.json": document_schema(), f"{DOCUMENT}.example.json": _told(portfolio())}
    said = examples()
    for topic in REGISTRY:
        found[f"{topic.name}.schema.json"] = reader_schema(topic.event, topic.name)
        found[f"{topic.name}.example.json"] = _told(said[topic.event])
    return {name: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for name, value in found.items()}


def versions(folder: Path = FOLDER) -> list[Path]:
    """The folders of all versions, oldest first."""
    return sorted((path for path in folder.glob("v*") if path.is_dir()), key=lambda path: int(path.name[1:]))


def digest(version: Path) -> str:
    """What a seal holds: the names and contents of a version's files, in one hash."""
    told = sha256()
    for path in sorted(version.glob("*.json")):
        told.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()


def overview_text(folder: Path) -> str:
    """The AsyncAPI document, which points into the folder of the newest version."""
    return json.dumps(asyncapi(versions(folder)[-1].name), indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path = FOLDER) -> list[str]:
    """Every committed file that is not as it would be written today."""
    differ = differing(folder)
    file = folder / OVERVIEW
    if versions(folder) and (not file.exists() or file.read_text() != overview_text(folder)):
        differ.append(OVERVIEW)
    return differ


def differing(folder: Path = FOLDER) -> list[str]:
    """The files of the newest version that are not as they would be written today."""
    there = versions(folder)
    if not there:
        return sorted(files())
    stand = {path.name: path.read_text() for path in there[-1].glob("*.json")}
    today = files()
    return sorted(name for name in stand.keys() | today.keys() if stand.get(name) != today.get(name))


def write(folder: Path = FOLDER) -> Path:
    """Bring the newest version up to date; where it is released, and differs, a new one is begun."""
    there = versions(folder)
    newest = there[-1] if there else folder / "v1"
    if (newest / SEAL).exists() and differing(folder):
        newest = folder / f"v{int(newest.name[1:]) + 1}"
    newest.mkdir(parents=True, exist_ok=True)
    today = files()
    for gone in [path for path in newest.glob("*.json") if path.name not in today]:
        gone.unlink()
    for name, text in today.items():
        (newest / name).write_text(text)
    (folder / OVERVIEW).write_text(overview_text(folder))
    return newest


def release(folder: Path = FOLDER) -> Path:
    """Freeze the newest version: from now on it is only read."""
    newest = write(folder)
    (newest / SEAL).write_text(digest(newest) + "\n")
    return newest


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """The exit code: 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description="Write the committed schemas.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a committed file differs")
    parser.add_argument("--release", action="store_true", help="freeze this version of the contract")
    told = parser.parse_args(arguments)
    if told.check:
        differ = stale(folder)
        for name in differ:
            sys.stderr.write(f"{name} is not what the contract says: run `python -m schemas.generate`\n")
        return 1 if differ else 0
    sys.stdout.write(f"wrote {release(folder) if told.release else write(folder)}\n")
    return 0


def _told(fact: Fact) -> Any:
    return json.loads(fact.to_json())


def _open(schema: Any) -> Any:
    """The same schema, with every object open to fields of tomorrow."""
    if isinstance(schema, list):
        return [_open(part) for part in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    parts: dict[str, Any] = schema  # pyright: ignore[reportUnknownVariableType]
    return {name: _open(part) for name, part in parts.items() if (name, part) != ("additionalProperties", False)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
