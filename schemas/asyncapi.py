"""The AsyncAPI 3 document: every topic, its records, and which service says or hears it."""

from collections.abc import Iterator

from schemas.content import Json
from schemas.topics import DEAD_LETTER_RETENTION, INTAKE, REGISTRY, SERVICES, Topic, dead_letters_of
from schemas.wiring import WIRING

SUFFIXES = {INTAKE: "client", "attempt.dispatched": "provider"}
"""What the last part of a suffixed topic's name stands for."""
DRAFT = "application/schema+json;version=draft-2020-12"
REQUIRED = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time")
OPTIONAL = ("ce_causationid", "ce_correlationid", "ce_expirytime", "traceparent")
ANY_BYTES = "DeadLetter"


def asyncapi(version: str) -> Json:
    """The document; records' schemas are in the folder of this version of the contract."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Model Portfolio",
            "version": version.removeprefix("v"),
            "description": "Every topic of the portfolio: what its records hold, and who says and who hears them.",
        },
        "defaultContentType": "application/json",
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {"messages": {**{_name(topic): _message(topic, version) for topic in REGISTRY}, **_letters()}},
    }


def addresses(topic: Topic) -> list[str]:
    """The names of a topic on the broker: requests may be submitted to the plain one and to a client's own."""
    if not topic.suffixed:
        return [topic.name]
    own = f"{topic.name}.{{{SUFFIXES[topic.name]}}}"
    return [topic.name, own] if topic.name == INTAKE else [own]


def _channels() -> Iterator[tuple[str, Json]]:
    for topic in REGISTRY:
        for address in addresses(topic):
            yield address.replace("{", "").replace("}", ""), _channel(topic, address)
    for service in SERVICES:
        name = dead_letters_of(service)
        retained = _kept(int(DEAD_LETTER_RETENTION.total_seconds() * 1000), compacted=False)
        yield name, {"address": name, "messages": _only(ANY_BYTES), "bindings": retained}


def _channel(topic: Topic, address: str) -> Json:
    told: Json = {
        "address": address,
        "description": (topic.event.__doc__ or "").strip(),
        "messages": _only(_name(topic)),
        "bindings": _kept(int(topic.retention.total_seconds() * 1000), compacted=topic.compacted),
    }
    if "{" in address:
        what = SUFFIXES[topic.name]
        told["parameters"] = {what: {"description": f"the {what}'s name"}}
    return told


def _operations() -> Iterator[tuple[str, Json]]:
    for topic in REGISTRY:
        wiring = WIRING[topic.name]
        for action, services in (("send", wiring.said_by), ("receive", wiring.heard_by)):
            for service in sorted(services):
                for address in addresses(topic):
                    channel = address.replace("{", "").replace("}", "")
                    name = f"{service}_{action}_{channel}".replace(".", "_").replace("-", "_")
                    yield name, {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "title": service}


def _message(topic: Topic, version: str) -> Json:
    key = {"type": "string", "description": topic.key}
    return {
        "name": topic.name,
        "title": _name(topic),
        "summary": (topic.event.__doc__ or "").strip().partition("\n")[0],
        "headers": _headers(required=topic.name != INTAKE),
        "payload": {"schemaFormat": DRAFT, "schema": {"$ref": f"./{version}/{topic.name}.schema.json"}},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _letters() -> Json:
    says = "A record that could not be processed, as it came; headers `dl_*` say from where, and why."
    told = {"name": "dead-letters", "title": ANY_BYTES, "contentType": "application/octet-stream", "summary": says}
    return {ANY_BYTES: told}


def _headers(*, required: bool) -> Json:
    """CloudEvents 1.0, binary mode; a client that submits a request needs none of them."""
    properties = {name: {"type": "string"} for name in (*REQUIRED, *OPTIONAL)}
    return {"type": "object", "properties": properties, **({"required": list(REQUIRED)} if required else {})}


def _kept(retention_ms: int, *, compacted: bool) -> Json:
    policy: Json = {"cleanup.policy": ["compact" if compacted else "delete"]}
    if not compacted:
        policy["retention.ms"] = retention_ms
    return {"kafka": {"topicConfiguration": policy, "bindingVersion": "0.5.0"}}


def _only(message: str) -> Json:
    return {message: {"$ref": f"#/components/messages/{message}"}}


def _name(topic: Topic) -> str:
    return topic.event.__name__
