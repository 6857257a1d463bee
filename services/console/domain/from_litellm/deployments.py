"""What one deployment of LiteLLM's is here: how it is called, and what its model reads, can do and costs."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from schemas.listed_prices import LISTED_AS, without_tiers
from services.console.domain.from_litellm.clouds import Cloud
from services.console.domain.from_litellm.config import ABILITIES, REGIONS, VARIABLE, Entry, number, whole
from services.console.domain.from_litellm.counterparts import IN_ENVIRONMENT, counterpart
from services.console.domain.from_litellm.keys import OWN_KEYS, clear, variable
from services.console.domain.from_litellm.shown import PROVIDERS, is_variable, may_be_a_key
from services.console.domain.from_litellm.told import Fate, Told
from services.console.domain.local_models import OLLAMA_CONTEXT
from services.console.domain.vendors import VENDORS, HostedModel, Lookup, hosted_model, is_gone

CHATS, EMBEDS = ("chat", "completion", "responses"), "embedding"
SERVERS = frozenset("hosted_vllm lm_studio llamafile ollama ollama_chat xinference".split())
"""Vendors of LiteLLM's that are somebody's own servers, and speak OpenAI's API."""
OPENAI = SERVERS | {"openai", "custom_openai", "openai_like", "litellm_proxy"}
"""All whose servers speak it, where an address is told."""
SHORT = {"hosted_vllm": "vllm", "ollama_chat": "ollama"}
OLLAMA, OLLAMA_URL, OPENAI_URL = ("ollama", "ollama_chat"), "http://127.0.0.1:11434", "https://api.openai.com"
HERE = re.compile(r"localhost|host\.docker\.internal|[a-z0-9-]+|.+\.(local|internal|lan|svc|svc\.cluster\.local)")
FAMILIES = ("vertex_ai", "bedrock", "azure_ai", "azure", "fireworks_ai", "cohere")
BEDROCK_ROUTE = re.compile(r"^bedrock/[a-z0-9-]+/")
"""Between vendor and name, how Bedrock is asked (``converse``, ``invoke``) or where: no part of the listed name."""
WEIGHT = "weight"
EMBEDDERS = re.compile(r"embed|bge-|(^|[/_-])(emb|e5($|-))")
"""How embedders are named."""
READS = ("max_input_tokens", "max_tokens")
NO_VENDOR = "LiteLLM's list does not know whose model this is: write vendor/name in models.*.endpoints[].model"
ODD_VENDOR = "its custom_llm_provider is no vendor of LiteLLM's, and is left out: write vendor/name as its model"
UNPRICED = "no price is known, and a path without one is tried last: write price: {input, output} at its endpoint"
ASSUMED = "it is assumed to answer chats; where others surely do, model: auto does not ask it: say model_info.mode"
GUESSED = "the price is a guess of what your machine costs: correct usd_per_hour and tokens_per_s at its endpoint"
UNREAD = "how much it reads, and what it can do, is assumed: correct context_tokens and abilities of its model"
NO_KEY = "no key is named, and LiteLLM sends OPENAI_API_KEY to any address: if this one wants a key, write api_key_env"
WITHDRAWN = "LiteLLM's price list says that its vendor has withdrawn it: name its successor"
NO_ADDRESS = "it is no address that may be published: put the right one into the environment under"


@dataclass(frozen=True, slots=True)
class Connection:
    """What a provider's entry says. ``own``: a server in the house, whose prices no list knows.

    ``environment``: a digest of the settings that only its worker's environment can hold, since one worker has one.
    """

    label: str
    vendor: str | None
    base_url: str | None
    region: str | None
    key: str | None
    speaks_openai: bool
    own: bool
    concurrency: int | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    timeout_s: float | None
    cloud: Cloud
    environment: str = field(repr=False)

    @property
    def is_limited(self) -> bool:
        """Whether it has limits of its own, which no other deployment may use up."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a group. ``known``: its price, context and abilities. ``params``: a digest of its parameters.

    ``assumed``: whether nothing says that it answers chats. ``weight``: its part of the group's requests, as told; it
    is in no digest.
    """

    group: str
    order: float
    mode: str
    connection: Connection
    known: HostedModel
    most_output_tokens: int | None
    params: str = field(repr=False)
    assumed: bool = False
    weight: float | None = None
    told: tuple[Told, ...] = ()

    @property
    def guessed(self) -> bool:
        """Whether an hourly price stands for one that nobody knows."""
        return self.connection.own and not is_priced(self.known)

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors of texts."""
        return self.mode == EMBEDS

    @property
    def serves(self) -> bool:
        """Whether the portfolio can serve it at all."""
        return self.embeds or self.mode in CHATS


@dataclass(frozen=True, slots=True)
class Usual:
    """What is the same for all deployments: the day, and what settings say."""

    today: date
    timeout_s: float | None = None
    concurrency: int | None = None


def vendor_of(entry: Entry, listed: Lookup) -> str:
    """Whose model it is, as LiteLLM finds it: said, or before the name's first slash, or by its price list."""
    said = _said_vendor(entry)
    if said or "/" in entry.model:
        return said or entry.model.partition("/")[0]
    found = str((listed(entry.model) or {}).get("litellm_provider") or "")
    return next((family for family in FAMILIES if found.startswith(family)), found)


def _said_vendor(entry: Entry) -> str | None:
    """The vendor that a setting names; ``None`` for what is none of LiteLLM's, since it may be anything."""
    said = entry.text("custom_llm_provider")
    return said if said in PROVIDERS else None


def is_direct(entry: Entry, vendor: str) -> bool:
    """Whether it speaks OpenAI's API, and is asked without LiteLLM."""
    return _speaks_openai(_base_url(entry, vendor)[0], vendor)


def _speaks_openai(base: str | None, vendor: str) -> bool:
    return base is not None and (vendor in OPENAI or not vendor)


def deployment_of(entry: Entry, key: str | None, cloud: Cloud, listed: Lookup, usual: Usual) -> Deployment:
    """What a deployment is here. ``key``: the name of its key's variable."""
    vendor = vendor_of(entry, listed)
    base, told = _base_url(entry, vendor)
    connection = _connection(entry, vendor, base, key, cloud, usual)
    on_list = listed(_listed_as(entry)) or {}
    on_list = {name: on_list[name] for name in on_list if name == "mode"} if connection.own else on_list
    said = _said(entry)
    if not said.keys().isdisjoint(LISTED_AS.values()):
        on_list = without_tiers(on_list)
    facts = {**on_list, **_usual_of(vendor), **said}
    mode = str(facts.get("mode") or _mode_by_name(entry.model))
    assumed = mode == "chat" and not facts.get("mode") and vendor != "ollama_chat"
    known = _known(_name(entry, vendor, connection), facts, mode, is_listed=bool(on_list) and not connection.own)
    return Deployment(
        group=entry.group,
        order=entry.number("order") or 0,
        mode=mode,
        connection=connection,
        known=known,
        most_output_tokens=whole(number(facts.get("max_output_tokens"))),
        params=_digest({name: value for name, value in entry.params.items() if name != WEIGHT}),
        assumed=assumed,
        weight=entry.number(WEIGHT),
        told=(*told, *_remarks(entry, vendor, connection, known, facts, usual.today, assumed=assumed)),
    )


def _mode_by_name(model: str) -> str:
    """What its name tells of a model, where nothing else does."""
    if "rerank" in model.lower():
        return "rerank"
    return EMBEDS if EMBEDDERS.search(model.lower()) else "chat"


def _connection(entry: Entry, vendor: str, base: str | None, key: str | None, cloud: Cloud, usual: Usual) -> Connection:
    openai = _speaks_openai(base, vendor)
    return Connection(
        label=_label(vendor, base, entry.model),
        vendor=None if openai else vendor or None,
        base_url=base,
        region=_region(entry, vendor, base),
        key=key or (None if openai and not _is_openais(base) else _own_key(entry, vendor)),
        speaks_openai=openai,
        own=openai and (vendor in SERVERS or _is_here(_host(base))),
        concurrency=whole(entry.number("max_parallel_requests")) or usual.concurrency,
        requests_per_minute=whole(entry.number("rpm")),
        tokens_per_minute=whole(entry.number("tpm")),
        timeout_s=entry.number("timeout") or usual.timeout_s,
        cloud=cloud,
        environment=_digest({name: value for name, value in entry.params.items() if _is_environments(name)}),
    )


def _is_environments(name: str) -> bool:
    return counterpart("litellm_params", name).here.startswith(IN_ENVIRONMENT)


def _digest(params: Mapping[str, Any]) -> str:
    """What is equal for equal parameters alone. They may hold keys, and it is not shown."""
    return sha256(json.dumps(sorted(params.items()), default=str).encode()).hexdigest() if params else ""


def _listed_as(entry: Entry) -> str:
    """The name that the price list knows the model by."""
    base_model = entry.info.get("base_model")
    if not isinstance(base_model, str) or not base_model or base_model.startswith(VARIABLE):
        base_model = entry.model
    return BEDROCK_ROUTE.sub("bedrock/", base_model)


def is_priced(known: HostedModel) -> bool:
    """Whether a price can be written down."""
    return known.input is not None and known.output is not None


def _usual_of(vendor: str) -> dict[str, Any]:
    return {"max_input_tokens": OLLAMA_CONTEXT} if vendor in OLLAMA else {}


def _name(entry: Entry, vendor: str, connection: Connection) -> str:
    """The name that the server itself knows the model by; LiteLLM's where LiteLLM calls it."""
    bare = entry.model.removeprefix(f"{vendor}/")
    if connection.speaks_openai:
        return bare
    return f"{vendor}/{bare}" if _said_vendor(entry) else entry.model


def _said(entry: Entry) -> dict[str, Any]:
    """What the configuration itself says of the model, in the words of the price list."""
    told: dict[str, Any] = {name: value for name in LISTED_AS.values() if (value := entry.number(name)) is not None}
    told |= {name: entry.info[name] for name in ABILITIES if isinstance(entry.info.get(name), bool)}
    mode = entry.info.get("mode")
    told |= {"mode": mode} if isinstance(mode, str) and not mode.startswith(VARIABLE) else {}
    reads = next((found for name in READS if (found := whole(number(entry.info.get(name))))), None)
    told |= {"max_input_tokens": reads} if reads else {}
    most = whole(number(entry.info.get("max_output_tokens")))
    return told | ({"max_output_tokens": most} if most else {})


def _known(name: str, facts: Mapping[str, Any], mode: str, *, is_listed: bool) -> HostedModel:
    """Where no list says what it can do, more is assumed than is sure: what it cannot serve, it refuses itself."""
    assumed = {} if is_listed else {"supports_response_schema": True, "supports_function_calling": True}
    found = hosted_model(name, {**assumed, **facts})
    if found.input is not None and found.output is None:
        found = replace(found, output=found.input) if mode != EMBEDS else replace(found, output=found.input * 0)
    return replace(found, abilities=("embeddings",)) if mode == EMBEDS else found


def _base_url(entry: Entry, vendor: str) -> tuple[str | None, list[Told]]:
    """Its address with variables as a portfolio writes them. One that may hold a secret becomes a variable itself."""
    if entry.base is None and vendor not in SERVERS:
        return None, []
    base = (entry.base or (OLLAMA_URL if vendor in OLLAMA else "")).rstrip("/")
    if base.startswith(VARIABLE):
        base = f"${{{variable(base)}}}" if is_variable(variable(base)) else ""
    elif not _is_plain(base):
        base = ""
    told: list[Told] = []
    if not base:
        name = clear(f"{vendor}_{entry.group}_URL")
        base, says = f"${{{name}}}", f"{NO_ADDRESS} {name}"
        told = [Told("litellm_params.api_base", Fate.TO_DO, says, (entry.group,))]
    return (f"{base}/v1" if vendor in OLLAMA and not base.endswith("/v1") else base), told


def _is_plain(base: str) -> bool:
    """Whether it is an address, and nothing in it may be a secret: no user, no query, no word like a key."""
    try:
        parts = urlsplit(base)
        host = parts.hostname
    except ValueError:
        return False
    clean = base.isprintable() and not {*"$;"} & {*base} and not may_be_a_key(base)
    clean = clean and not parts.query and not parts.fragment
    return clean and parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc


def _is_openais(base: str | None) -> bool:
    return base is not None and base.startswith(OPENAI_URL)


def _host(base: str | None) -> str:
    return "" if base is None or "${" in base else urlsplit(base).hostname or ""


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return HERE.fullmatch(host) is not None


def _region(entry: Entry, vendor: str, base: str | None) -> str | None:
    """Where the data goes, where that can be told: nothing is made up."""
    if _host(base):
        if _is_here(_host(base)):
            return "on-premises"
    elif base is None and (found := next((each.region for each in VENDORS if each.name == vendor), None)):
        return found
    for name in ("region_name", "aws_region_name", "vertex_location"):
        if (told := entry.text(name)) and (at := next((r for r in REGIONS if told.startswith(r)), None)):
            return at
    return None


def _own_key(entry: Entry, vendor: str) -> str | None:
    """The variable in which LiteLLM itself would look. Azure's other ways to sign in need none."""
    others = ("azure_ad_token", "client_id", "tenant_id", "azure_username")
    return None if any(entry.params.get(name) for name in others) else OWN_KEYS.get(vendor)


def _label(vendor: str, base: str | None, model: str) -> str:
    """A name for its provider: the vendor's, and the first word of the host that is not everybody's."""
    host = _host(base)
    first = "" if host == "localhost" or host.replace(".", "").isdigit() or ":" in host else host.partition(".")[0]
    whose = SHORT.get(vendor, vendor) or model.partition("/")[0]
    at = f"-{first}" if first not in ("", whose) and not _is_openais(base) else ""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{whose}{at}")[:80].strip("-._") or "provider"


def _remarks(
    entry: Entry,
    vendor: str,
    connection: Connection,
    known: HostedModel,
    facts: Mapping[str, Any],
    today: date,
    *,
    assumed: bool,
) -> list[Told]:
    has_odd_vendor = "custom_llm_provider" in entry.params and _said_vendor(entry) is None
    says = [
        ODD_VENDOR if has_odd_vendor else "",
        NO_VENDOR if not vendor and entry.base is None else "",
        "" if "max_input_tokens" in facts else UNREAD,
        "" if is_priced(known) else GUESSED if connection.own else UNPRICED,
        ASSUMED if assumed else "",
        WITHDRAWN if is_gone(facts, today) else "",
    ]
    remarks = [Told("litellm_params.model", Fate.TO_DO, each, (entry.group,)) for each in says if each]
    if vendor == "openai" and connection.key is None and "api_key" not in entry.params:
        remarks.append(Told("litellm_params.api_key", Fate.TO_DO, NO_KEY, (entry.group,)))
    return remarks
