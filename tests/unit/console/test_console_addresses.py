"""An address of a provider can be called, and tells nobody a secret: the document is published."""

import pytest
from portfolios import WHOLE

from services.console.domain.portfolio_file import read

ADDRESS = '"${LOCAL_MODEL_URL}"'


def says_of(address: str) -> list[str]:
    assert ADDRESS in WHOLE
    return [finding.line("p.yaml") for finding in read(WHOLE.replace(ADDRESS, f'"{address}"')).findings]


@pytest.mark.parametrize(
    "address", ["localhost:8000", "api.example.com/v1", "ftp://host/v1", "https:///v1", "//[", "https"]
)
def test_what_no_worker_can_call_is_told_with_its_line(address: str) -> None:
    (says,) = says_of(address)
    assert says.startswith("p.yaml:9:49: providers.local.base_url: should be an address such as https://")


@pytest.mark.parametrize("address", ["${local model}", "https://${}/v1", "https://host/${9}"])
def test_a_variable_that_is_none_is_told(address: str) -> None:
    (says,) = says_of(address)
    assert "a variable is written ${NAME}" in says


@pytest.mark.parametrize("address", ["https://me:s3cret@host/v1", "https://s3cret@host", "https://${USER}:s3cret@host"])
def test_a_password_in_an_address_is_refused_and_never_shown(address: str) -> None:
    (says,) = says_of(address)
    assert "providers.local.base_url: holds a password, and is published" in says
    assert "s3cret" not in says


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com/v1",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/v1?api-version=1",
        "${URL}",
        "${URL}/v1",
        "https://${HOST}/v1",
        "https://${USER}:${PASSWORD}@host/v1",
        "https://user:${PASSWORD}@host/v1",
        "http://[${POD_IP}]:8000/v1",
        "https://host/v1/a//b@c",
        "https://host/v1?back=http://me@there",
        "HTTPS://host",
    ],
)
def test_what_a_worker_can_call_is_taken(address: str) -> None:
    assert says_of(address) == []
