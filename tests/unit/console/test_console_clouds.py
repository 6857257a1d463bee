"""What `portfolio check` says of providers in clouds: errors at their places, and a region that is another."""

from typing import Any

import pytest
from portfolios import WHOLE, document, portfolio, told

from services.console.domain.portfolio_file import read

AZURE = "  azure: {adapter: litellm, vendor: openai, region: eu, api_key_env: AZURE_API_KEY"


def in_cloud(region: str, **settings: str) -> list[str]:
    providers: dict[str, Any] = document()["providers"]
    providers["azure"] = {**providers["azure"], "region": region, "settings": settings}
    return told(portfolio(providers=providers))


def test_a_region_that_is_not_where_the_cloud_is_called_is_told() -> None:
    (says,) = in_cloud("eu", vertex_location="us-east1")
    assert says.startswith("providers.azure.settings.vertex_location: residency goes by region, eu, and this is in us")
    assert in_cloud("eu", vertex_location="europe-west4") == []


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ("settings: {api_verson: '1'}", "providers.azure.settings.api_verson", 'did you mean "api_version"'),
        ("settings_env: {client_secret: a-key}", "providers.azure.settings_env.client_secret", "never a key itself"),
        ("headers_env: {x-team: a-key}", "providers.azure.headers_env.x-team", "never a key itself"),
        ("settings: {aws_region_name: us-east-1}", "models.large.endpoints[0].model", "which is of AWS"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(more: str, path: str, says: str) -> None:
    assert AZURE in WHOLE
    text = WHOLE.replace(AZURE, f"{AZURE}, {more}").replace("model: l,", "model: azure/l,")
    told = {each.path: each.says for each in read(text).findings}
    assert says in told[path], told
    assert "a-key" not in f"{told}"
