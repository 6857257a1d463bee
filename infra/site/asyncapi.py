"""The AsyncAPI document as a page: channels, who sends and receives on them, and the messages."""

import json
from collections.abc import Iterator

from infra.site.fields import plain
from schemas.content import Json
from schemas.generate import FOLDER, OVERVIEW

AT = "../../schemas/json"


def page() -> str:
    """Markdown, from the committed document."""
    told: Json = json.loads((FOLDER / OVERVIEW).read_text())
    info = told["info"]
    head = f"# AsyncAPI {told['asyncapi']}: {info['title']}\n\n{info['description']}"
    version = f"Version {info['version']} of the contract; the document itself"
    return "\n".join(
        [
            f"{head} {version}: [{OVERVIEW}]({AT}/{OVERVIEW}).\n",
            "## Channels\n",
            *(_channel(name, channel, told["operations"]) for name, channel in told["channels"].items()),
            "## Messages\n",
            *(_message(name, message) for name, message in told["components"]["messages"].items()),
        ]
    )


def _channel(name: str, channel: Json, operations: Json) -> str:
    policy = channel["bindings"]["kafka"]["topicConfiguration"]
    days = policy.get("retention.ms", 0) // 86_400_000
    rows = [("address", f"`{channel['address']}`")]
    rows += [(f"`{{{each}}}`", told["description"]) for each, told in channel.get("parameters", {}).items()]
    rows += [("messages", ", ".join(f"[{each}](#{each.lower()})" for each in channel["messages"]))]
    rows += [(action, who) for action in ("send", "receive") if (who := _who(name, action, operations))]
    rows += [("kept", f"{', '.join(policy['cleanup.policy'])}{f', {days} days' if days else ''}")]
    about = plain(channel.get("description", ""))
    return f"### {name}\n\n{about}\n\n" + _rows(rows)


def _who(name: str, action: str, operations: Json) -> str:
    at = f"#/channels/{name}"
    told = (each for each in operations.values() if each["channel"]["$ref"] == at and each["action"] == action)
    return ", ".join(each["title"] for each in told)


def _message(name: str, message: Json) -> str:
    return f"### {name}\n\n{plain(message.get('summary', ''))}\n\n" + _rows(list(_about(message)))


def _about(message: Json) -> Iterator[tuple[str, str]]:
    yield "content type", message.get("contentType", "application/json")
    if payload := message.get("payload"):
        file = payload["schema"]["$ref"].removeprefix("./")
        yield "payload", f"[{file}]({AT}/{file})"
    if key := message.get("bindings", {}).get("kafka", {}).get("key"):
        yield "key", key["description"]
    if headers := message.get("headers"):
        required = headers.get("required", ())
        names = (f"`{each}`" + ("" if each in required else " (optional)") for each in headers["properties"])
        yield "headers", ", ".join(names)


def _rows(rows: list[tuple[str, str]]) -> str:
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {told} |\n" for name, told in rows)
