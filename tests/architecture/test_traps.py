"""Traps that were fallen into once: each is looked for in the source."""

import ast
import re
from typing import TypeGuard

from source_tree import ROOT, Module, dotted, modules, tracked_files

REGISTRIES = tuple(
    ".".join(words)
    for words in (
        ("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("maven", "apache", "org"), ("npmjs", "org"),
        ("proxy", "golang"), ("sum", "golang"), ("index", "docker", "io"), ("registry-1", "docker"),
    )
)  # fmt: skip
MACHINE_PATHS = re.compile("/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")) + r")/\w")
SECRET = re.compile(r"\b(?:sk-[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY)")


def calls_of(name: str) -> list[tuple[Module, ast.Call]]:
    """Calls of a function or a method of this name, with their modules."""
    found = [(module, call) for module in modules() for call in module.calls]
    return [(m, call) for m, call in found if dotted(call.func).rpartition(".")[2] == name or name_of(call) == name]


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def keyword(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def test_every_subscriber_commits_by_hand_in_batches() -> None:
    """FastStream's Kafka default acknowledges first."""
    subscribers = calls_of("subscriber")

    assert subscribers
    for module, call in subscribers:
        assert module.name == "infra.bus.reading"
        assert keyword(call, "ack_policy") == "AckPolicy.MANUAL"
        assert keyword(call, "batch") == "True"
        assert keyword(call, "max_workers") is None


def test_only_the_reader_knows_faststream() -> None:
    users = {m.name for m in modules() for _, name in m.imports() if name.startswith("faststream")}

    assert users == {"infra.bus.reading"}


def test_nothing_is_published_by_a_decorator_or_as_a_batch_without_keys() -> None:
    assert not calls_of("publisher")
    assert not calls_of("publish_batch")


def test_only_the_publisher_sends_batches_each_for_the_partition_of_its_keys() -> None:
    ((module, call),) = calls_of("send_batches")
    assert module.name == "infra.bus.publisher"
    assert ast.unparse(call.args[0]) == "[(parcel.place, parcel.builder) for parcel in parcels]"
    assert not calls_of("send_batch")


def test_producers_wait_for_all_acknowledgements_and_are_idempotent() -> None:
    producers = [*calls_of("AIOKafkaProducer"), *calls_of("StraightProducer")]

    assert producers
    for module, call in producers:
        assert keyword(call, "acks") == "'all'", str(module)
        assert keyword(call, "enable_idempotence") == "True", str(module)


def test_no_consumer_commits_by_itself() -> None:
    """aiokafka's default commits what was read, and not what was done."""
    consumers = [(m, call) for m, call in calls_of("AIOKafkaConsumer") if m.name != "infra.bus.reading"]

    assert [keyword(call, "enable_auto_commit") for _, call in consumers] == ["False"] * len(consumers)


def test_topics_are_never_created_by_accident() -> None:
    (_, broker), *others = calls_of("KafkaBroker")

    assert not others
    assert keyword(broker, "allow_auto_create_topics") == "False"


def test_one_attempt_through_litellm_is_one_call() -> None:
    """Its retries would spend money that no attempt answers for."""
    calls = [*calls_of("acompletion"), *calls_of("aembedding")]

    assert len(calls) == 2
    for _, call in calls:
        assert keyword(call, "num_retries") == keyword(call, "max_retries") == "0"
        assert keyword(call, "timeout") is not None


def test_litellm_is_imported_by_its_own_adapter_only_and_not_with_it() -> None:
    """It takes seconds and 180 MB, which only the worker that needs it should pay."""
    importers = {m.name for m in modules() for _, name in m.imports() if name == "litellm"}
    (adapter,) = [m for m in modules() if m.name in importers]

    assert adapter.name == "services.model_worker.adapters.litellm"
    assert not [node for node in adapter.tree.body if isinstance(node, ast.Import) and node.names[0].name == "litellm"]


def test_no_release_that_was_malicious_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert re.search(r"^litellm==", lock, re.MULTILINE)
    assert not re.search(r"^litellm==1\.82\.[78]\b", lock, re.MULTILINE)


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    for lock in sorted(ROOT.glob("requirements*.lock")):
        text = lock.read_text()
        pinned = re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert pinned, lock
        assert all("--hash=sha256:" in package for package in pinned), lock
        assert "://" not in text, lock


def test_no_tracked_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    found = [f"{path.relative_to(ROOT)}: {what}" for path, text in texts() for what in machine_bound(text)]

    assert not found


def test_no_tracked_file_holds_a_secret() -> None:
    assert not [path for path, text in texts() if SECRET.search(text)]


def texts() -> list[tuple]:
    return [(path, path.read_bytes().decode(errors="replace")) for path in tracked_files()]


def machine_bound(text: str) -> list[str]:
    return [host for host in REGISTRIES if host in text] + MACHINE_PATHS.findall(text)


def test_no_group_is_repeated_possessively() -> None:
    """In Python 3.11.0 to 3.11.4 such a repetition matches what is not there; an atomic group does not."""
    possessive = re.compile(r"\)(?:[?*+]|\{{1,2}\d*,?\d*\}{1,2})\+")
    texts = ((module, node) for module in modules() for node in ast.walk(module.tree) if is_text(node))
    found = [f"{module}:{node.lineno}" for module, node in texts if possessive.search(str(node.value))]

    assert not found


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
