"""The page of topics and events, off the registry, the wiring and the events' own schemas."""

import json
import re

from infra.site.fields import plain, table
from schemas.asyncapi import addresses
from schemas.examples import examples
from schemas.generate import FOLDER, reader_schema, versions
from schemas.topics import DEAD_LETTER_RETENTION, REGISTRY, SERVICES, Topic, dead_letters_of
from schemas.wiring import WIRING

HEAD = """# Topics and events

Read off the registry of topics, the wiring of the services and the events' schemas. What an object in a table holds is
in the topic's JSON Schema. The same for programs: [AsyncAPI](asyncapi.md).

| topic | says | said by | heard by | key | kept |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Markdown."""
    rows = "".join(map(_row, REGISTRY)) + _letters()
    return HEAD + rows + "\n" + "\n".join(map(_section, REGISTRY))


def _row(topic: Topic) -> str:
    names = ", ".join(f"`{name}`" for name in addresses(topic))
    wiring, summary = WIRING[topic.name], plain((topic.event.__doc__ or "").partition("\n")[0])
    said, heard = (", ".join(sorted(who)) or "clients" for who in (wiring.said_by, wiring.heard_by))
    return f"| [{names}](#{anchor(topic)}) | {summary} | {said} | {heard} | {topic.key} | {_kept(topic)} |\n"


def _letters() -> str:
    names = ", ".join(f"`{dead_letters_of(service)}`" for service in SERVICES)
    days = f"{DEAD_LETTER_RETENTION.days} days"
    return (
        f"| {names} | records that could not be processed, whole | each service | an operator | as it came | {days} |\n"
    )


def anchor(topic: Topic) -> str:
    """Where a topic's section begins."""
    return topic.event.__name__.lower()


def _kept(topic: Topic) -> str:
    return "compacted" if topic.compacted else f"{topic.retention.days} days"


def _section(topic: Topic) -> str:
    newest = versions(FOLDER)[-1].name
    at = f"../../schemas/json/{newest}/{topic.name}"
    fields = _without_links(table(reader_schema(topic.event, topic.name)))
    example = json.dumps(json.loads(examples()[topic.event].to_json()), indent=2, ensure_ascii=False)
    files = f"[JSON Schema]({at}.schema.json), [example]({at}.example.json)"
    told = plain(topic.event.__doc__ or "")
    return f"## {topic.event.__name__}\n\n`{topic.name}`: {told}\n\n{files}\n\n{fields}\n```json\n{example}\n```\n"


def _without_links(text: str) -> str:
    """Inner objects are in the schema, not on this page."""
    return re.sub(r"\[(\w+)\]\(#\w+\)", r"\1", text)
