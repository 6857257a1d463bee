"""What each service may do on Kafka, as access control lists: what it hears and says, its group, its dead letters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.topics import BY_NAME, dead_letters_of, dispatched_to, submitted_by
from schemas.wiring import WIRING, WITH_TOPICS
from services.console.domain.diagnosis import DECIDING

DISPATCHED = "attempt.dispatched"
WORKER = "model_worker"
ANY = "*"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One access control entry. ``user`` is a name without Kafka's ``User:``; ``prefixed``: all names that begin so."""

    user: str
    resource: str
    name: str
    prefixed: bool
    operation: str

    def command(self) -> str:
        """As Kafka's own tool takes it, behind ``kafka-acls.sh --bootstrap-server ... --command-config ...``."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        operation = self.operation.title().replace("_", "")
        told = f"--add --allow-principal User:{self.user} --operation {operation}"
        return f"{told} --{self.resource} '{self.name}'{pattern}"


def grants(
    prefix: str, providers: Sequence[str], reply_topics: Iterable[str] = (), clients: Iterable[str] = ()
) -> list[Grant]:
    """All that services need when topics are not theirs to create. A worker has a user for each provider, and each
    client that the portfolio declares may write to its own topic."""
    found: set[Grant] = set()
    for service in sorted(WITH_TOPICS):
        for user, provider in _users(service, providers):
            found.update(_of_service(prefix, service, user, provider))
    found.update(Grant("escalation", "topic", f"{prefix}{topic}", False, "write") for topic in reply_topics)
    found.update(Grant(client, "topic", f"{prefix}{submitted_by(client)}", False, "write") for client in clients)
    found.update(_of_operator(prefix))
    return sorted(found)


def _users(service: str, providers: Sequence[str]) -> list[tuple[str, str | None]]:
    if service == WORKER:
        return [(f"model-worker-{provider}", provider) for provider in providers]
    return [(service, None)]


def _of_service(prefix: str, service: str, user: str, provider: str | None) -> Iterator[Grant]:
    for name, wiring in WIRING.items():
        for operation, who in (("read", wiring.heard_by), ("write", wiring.said_by)):
            if service in who:
                for topic, prefixed in _topics(name, service, operation, provider):
                    yield Grant(user, "topic", f"{prefix}{topic}", prefixed, operation)
    yield Grant(user, "topic", f"{prefix}{dead_letters_of(service)}", False, "write")
    group = f"{service}.{provider}" if provider else service
    yield Grant(user, "group", f"{prefix}{group}", False, "read")


def _topics(name: str, service: str, operation: str, provider: str | None) -> list[tuple[str, bool]]:
    """The names of a topic, and whether each is the beginning of several."""
    if name == DISPATCHED:
        return [(dispatched_to(provider), False)] if provider else [(f"{name}.", True)]
    if not BY_NAME[name].suffixed:
        return [(name, False)]
    return [(name, False), (f"{name}.", True)] if operation == "read" else [(submitted_by(service), False)]


def _of_operator(prefix: str) -> Iterator[Grant]:
    yield Grant("console", "group", f"{prefix}ledger", False, "read")  # `ledger rebuild` says where it reads on
    for service in DECIDING:
        yield Grant("console", "group", f"{prefix}{service}", False, "describe")  # `doctor` asks whether they run
    for operation in ("read", "write", "create", "describe", "describe_configs"):
        yield Grant("console", "topic", prefix or ANY, bool(prefix), operation)
