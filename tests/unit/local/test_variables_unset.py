"""A provider whose variables are not set here is left out, and said in one line; the others go on."""

from infra.local.services import told_of_unset, variables_unset
from services.console.domain.portfolio_file import read

DOCUMENT = """\
defaults: {data_class: internal, lane: simple}
providers:
  local: {adapter: openai_compatible, base_url: "${LOCAL_MODEL_URL}"}
  acme: {adapter: openai_compatible, base_url: "${ACME_URL}", api_key_env: ACME_API_KEY, region: eu}
models:
  small:
    kind: api
    owner: me
    context_tokens: 99
    endpoints: [{provider: local, model: s, price: {input: 1, output: 2}}]
lanes:
  simple: {tiers: [[small]]}
"""


def test_each_provider_that_lacks_a_variable_is_told_with_it() -> None:
    portfolio = read(DOCUMENT).portfolio
    assert portfolio is not None
    here = {"LOCAL_MODEL_URL": "http://127.0.0.1:1"}
    assert variables_unset(portfolio, here) == {"acme": ["ACME_API_KEY", "ACME_URL"]}
    assert variables_unset(portfolio, {**here, "ACME_API_KEY": "k", "ACME_URL": ""}) == {"acme": ["ACME_URL"]}
    assert variables_unset(portfolio, {**here, "ACME_API_KEY": "k", "ACME_URL": "http://acme"}) == {}


def test_the_line_says_what_is_missing_and_how_to_go_on() -> None:
    one, two = told_of_unset("acme", ["ACME_URL"]), told_of_unset("acme", ["ACME_API_KEY", "ACME_URL"])
    assert one.startswith("provider acme has no worker: ACME_URL is not set here.")
    assert "ACME_API_KEY and ACME_URL are not set here" in two
    assert "set it and start again" in one
    assert one.endswith("python -m services.model_worker --provider acme")
    assert "\n" not in two
