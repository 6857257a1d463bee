"""What each service may do on Kafka: what it hears and says, and nothing else."""

from schemas.topics import BY_NAME
from services.console.domain.acls import Grant, grants

PROVIDERS = ("acme", "local")


def of(user: str, operation: str, resource: str = "topic") -> set[tuple[str, bool]]:
    """Names that a user was granted this on, and whether they are beginnings."""
    found = grants("p.", PROVIDERS, ["answers"])
    return {(g.name, g.prefixed) for g in found if (g.user, g.operation, g.resource) == (user, operation, resource)}


def test_a_service_reads_what_it_hears_and_writes_what_it_says() -> None:
    assert of("validator", "read") == {("p.attempt.completed", False), ("p.portfolio.revised", False)}
    assert of("validator", "write") == {
        *((f"p.attempt.{verdict}", False) for verdict in ("accepted", "rejected", "doubted")),
        ("p.dead-letters.validator", False),
    }
    assert of("validator", "read", "group") == {("p.validator", False)}
    assert of("gateway", "read", "group") == {("p.gateway", False)}, "what is said of answers is heard by one replica"


def test_topics_of_several_names_are_granted_by_their_beginning_to_who_hears_all_of_them() -> None:
    assert {("p.request.submitted", False), ("p.request.submitted.", True)} <= of("profiler", "read")
    assert ("p.attempt.dispatched.", True) in of("router", "write")
    said = ("request.submitted.gateway", "request.cancelled", "feedback.recorded", "dead-letters.gateway")
    assert of("gateway", "write") == {(f"p.{name}", False) for name in said}


def test_a_worker_hears_its_own_provider_and_no_other() -> None:
    heard = of("model-worker-acme", "read")

    assert ("p.attempt.dispatched.acme", False) in heard
    assert not [name for name, _ in heard if "local" in name or name.endswith("dispatched.")]
    assert of("model-worker-acme", "read", "group") == {("p.model_worker.acme", False)}


def test_one_door_in_and_one_door_out() -> None:
    found = grants("", PROVIDERS)
    writers = {name: {g.user for g in found if (g.name, g.operation) == (name, "write")} for name in BY_NAME}

    assert writers["request.completed"] == writers["request.failed"] == {"escalation"}
    assert writers["request.submitted"] == set(), "it is for clients"
    gateways = [g for g in found if g.name.startswith("request.submitted") and g.operation == "write"]
    assert [(g.user, g.name, g.prefixed) for g in gateways] == [("gateway", "request.submitted.gateway", False)]
    assert {g.user for g in found if g.name.startswith("request.submitted") and g.operation == "read"} == {"profiler"}


def test_answers_may_go_to_declared_topics_only() -> None:
    assert ("p.answers", False) in of("escalation", "write")


def test_a_grant_is_told_as_kafkas_tool_takes_it() -> None:
    grant = Grant("profiler", "topic", "request.submitted.", True, "read")

    assert grant.command() == (
        "--add --allow-principal User:profiler --operation Read --topic 'request.submitted.'"
        " --resource-pattern-type prefixed"
    )


def test_only_the_operator_may_do_what_he_likes_and_without_a_prefix_that_is_everything() -> None:
    operators = {g for g in grants("", ()) if g.user == "console"}
    assert {g for g in grants("", ()) if g.name == "*"} == {g for g in operators if g.resource == "topic"}


def test_the_operator_may_say_where_the_ledger_reads_on_and_read_how_topics_are_kept() -> None:
    assert Grant("console", "group", "p.ledger", False, "read") in grants("p.", ())
    (settings,) = [g for g in grants("p.", ()) if g.operation == "describe_configs"]
    assert settings.command().startswith(
        "--add --allow-principal User:console --operation DescribeConfigs --topic 'p.'"
    )


def test_a_declared_client_writes_to_its_own_topic_and_nowhere_else() -> None:
    assert [g for g in grants("p.", (), clients=["bank"]) if g.user == "bank"] == [
        Grant("bank", "topic", "p.request.submitted.bank", False, "write")
    ]
