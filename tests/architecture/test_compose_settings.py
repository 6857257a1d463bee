"""What docker-compose.yml tells each container, against what its service reads: no word is lost, and each takes it."""

import pytest
from compose_file import Container, containers
from put_together import put_together, read_by

from schemas.topics import SERVICES

ON_TO = {
    "LOG_FORMAT": set(SERVICES),
    "LOG_LEVEL": set(SERVICES),
    "LEDGER_KEEP_DAYS": {"ledger"},
    "GATEWAY_ACCESS_LOG": {"gateway"},
}
"""What whoever starts the stack may say, and which services hear it."""
NOT_OURS = {"LOCAL_MODEL_URL", "PYTHONUNBUFFERED"}
"""What portfolio.yaml has its workers read, and Python."""
EACH = pytest.mark.parametrize("container", list(containers()), ids=lambda container: container.name)


@EACH
def test_each_variable_is_one_that_the_service_reads(container: Container) -> None:
    assert set(container.environment) - read_by(container.service) - NOT_OURS == set()


@pytest.mark.parametrize("variable", ON_TO)
def test_what_is_told_to_compose_is_told_to_whom_it_is_for(variable: str) -> None:
    hear = {each.service for each in containers({variable: "told"}) if each.environment.get(variable) == "told"}
    assert hear == ON_TO[variable]


@EACH
def test_each_service_is_put_together_from_exactly_its_environment(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_together(container.service, container.environment, monkeypatch)
