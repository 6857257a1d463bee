"""The settings of a LiteLLM proxy, and what stands for each of them here: the table that docs/how-to shows.

Source: LiteLLM's documentation of its ``config.yaml``, and its own types (``types/router.py``, ``proxy/_types.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.listed_prices import BEGINS_A_TIER
from services.console.domain.from_litellm.told import Fate

SAME, OTHERWISE, MISSING, TO_DO = Fate.SAME, Fate.OTHERWISE, Fate.MISSING, Fate.TO_DO


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What becomes of a setting, and what stands for it here or is done instead."""

    fate: Fate
    here: str


def _rows(section: str, rows: Mapping[str, tuple[Fate, str]]) -> dict[str, Counterpart]:
    """Settings of one section; several of one fate stand in one row, apart by spaces."""
    return {
        f"{section}.{name}".removeprefix("."): Counterpart(fate, here)
        for names, (fate, here) in rows.items()
        for name in names.split()
    }


OF_CLIENTS = "no answer's parameters stand in a portfolio: clients send theirs with each request"
IN_ENVIRONMENT = "put it into the environment of that provider's worker"
AWS = f"{IN_ENVIRONMENT} under the name that AWS gives it (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ENDPOINT_URL_STS, ...)"
AZURE_ENTRA = f"{IN_ENVIRONMENT} under Azure's name (AZURE_USERNAME, AZURE_PASSWORD)"
SETTINGS = "providers.*.settings; os.environ/X becomes settings_env: X"
SECRETS = "providers.*.settings_env: the name of a variable, and never a secret"
BUDGETS = "tenants.*.budget_usd_per_day and _per_month, each tenant with API keys of its own (docs/tenants.md)"
BUDGETS_TO_DO = f"write {BUDGETS}"
CACHE = "write cache: {for_s: 3600} in a lane: it keeps verified answers, in PostgreSQL (docs/cache.md)"
TRACES = "every request is an OpenTelemetry trace (OTEL_EXPORTER_OTLP_ENDPOINT) and a story in the ledger"
REDIS = "no Redis is needed: Kafka and PostgreSQL hold what replicas share"
KEYS = "portfolio keys create (docs/tenants.md)"
TAGS = "keys that may use only some lanes: portfolio keys create --lane"
ALERTS = "the alerts of infra/dashboards, for Prometheus (docs/runbooks.md)"
RETRIES = "lanes.*.on_fail says what follows each reason of a failure (portfolio reasons LANE)"
AGAIN = "a path that failed is not asked again, but where it refused for the moment; " + RETRIES
NOT_SERVED = "not served here: keep it where it is, beside the gateway"
DROPPED = "no parameter is dropped in silence: what a provider refuses is told, and its clients leave it out"
LOGS = "services log what happens to requests; prompts and answers stand in no log"
AFFINITY = "no request returns to the path of an earlier one: each is shared anew, by its own id"
SHARES = (
    "deployments of a group share by weight, else by rpm or tpm, as in simple-shuffle; cost-based-routing asks the "
    "cheapest first; of any other strategy they share evenly. One where attempts wait is asked after the others"
)

MODEL_LIST = _rows(
    "model_list",
    {
        "model_name": (SAME, "a model, or a lane where it has fallbacks or an alias: clients ask by the same name"),
        "litellm_params": (SAME, "a provider, and an endpoint of the model there"),
        "model_info": (SAME, "what the model reads, can do and costs"),
        "rpm tpm": (SAME, "providers.*.requests_per_minute, tokens_per_minute"),
    },
)
PARAMS = _rows(
    "litellm_params",
    {
        "model custom_llm_provider": (SAME, "models.*.endpoints[].model, providers.*.adapter and vendor"),
        "api_base base_url": (SAME, "providers.*.base_url; os.environ/X becomes ${X}"),
        "api_key": (SAME, "providers.*.api_key_env: the name of a variable, and never a key"),
        "litellm_credential_name": (SAME, "what credential_list says under that name"),
        "rpm tpm": (
            SAME,
            "providers.*.requests_per_minute, tokens_per_minute: each deployment is a provider then; and, where no "
            "weight is said, endpoints[].weight",
        ),
        "timeout": (SAME, "providers.*.timeout_s"),
        "order": (SAME, "lanes.*.tiers: the lowest order is the first tier"),
        "region_name": (SAME, "providers.*.region, for residency"),
        "model_info": (SAME, "what the model reads, can do and costs"),
        "input_cost_per_token output_cost_per_token": (SAME, "endpoints[].price: input, output"),
        "cache_read_input_token_cost cache_creation_input_token_cost": (SAME, "price: cached_input, cache_write"),
        "max_parallel_requests": (OTHERWISE, "providers.*.concurrency: as many, but for each worker process"),
        "weight": (SAME, "models.*.endpoints[].weight, where routing_strategy is simple-shuffle"),
        "api_version tenant_id client_id organization": (SAME, SETTINGS),
        "vertex_project vertex_location": (SAME, SETTINGS),
        "aws_region_name aws_profile_name aws_role_name aws_session_name aws_external_id": (SAME, SETTINGS),
        "client_secret azure_ad_token vertex_credentials": (SAME, SECRETS),
        "aws_access_key_id aws_secret_access_key aws_session_token": (SAME, SECRETS),
        "aws_web_identity_token aws_sts_endpoint aws_bedrock_runtime_endpoint": (TO_DO, AWS),
        "azure_username azure_password": (TO_DO, AZURE_ENTRA),
        "num_retries max_retries": (OTHERWISE, AGAIN),
        "stream_timeout": (OTHERWISE, "providers.*.timeout_s is for streams, too, to their end"),
        "drop_params": (OTHERWISE, DROPPED),
        "cooldown_time": (
            TO_DO,
            "write providers.*.breaker: {open_s: ...}, doubled each time that a path comes back ill",
        ),
        "max_budget budget_duration": (TO_DO, "write providers.*.spend_cap_usd for each worker process; " + BUDGETS),
        "temperature top_p max_tokens max_completion_tokens stop seed user": (MISSING, OF_CLIENTS),
        "presence_penalty frequency_penalty n reasoning_effort thinking": (MISSING, OF_CLIENTS),
        "headers extra_headers": (SAME, "providers.*.headers_env: the names of variables, and never values"),
        "extra_body": (MISSING, "nothing is added to bodies: let a proxy of your own do so, before the provider"),
        "mock_response": (MISSING, "adapter: replay gives recorded answers (docs/recorded-data.md)"),
        "tags tag_regex": (MISSING, TAGS),
        "use_in_pass_through": (MISSING, NOT_SERVED),
        "configurable_clientside_auth_params": (MISSING, "keys of providers are the workers' alone"),
    },
)
INFO = _rows(
    "model_info",
    {
        "mode": (SAME, "abilities: chat, or embeddings; what has another mode is not served here"),
        "base_model": (SAME, "the name that is looked up in the price list"),
        "max_input_tokens max_tokens": (SAME, "models.*.context_tokens"),
        "max_output_tokens": (SAME, "models.*.most_output_tokens"),
        "supports_function_calling supports_vision supports_audio_input": (SAME, "abilities: tools, vision, audio"),
        "supports_response_schema": (SAME, "abilities: json"),
        "input_cost_per_token output_cost_per_token": (SAME, "endpoints[].price: input, output"),
        "cache_read_input_token_cost cache_creation_input_token_cost": (SAME, "price: cached_input, cache_write"),
        "id": (MISSING, "a path is named by its model and its provider: gpt-4o@azure"),
        "access_groups team_id": (MISSING, TAGS),
    },
)
ROUTING: Mapping[str, tuple[Fate, str]] = {
    "fallbacks default_fallbacks": (SAME, "lanes.*.tiers: the group's own models, then its fallbacks"),
    "max_fallbacks": (TO_DO, "write lanes.*.max_attempts, of all tiers together"),
    "context_window_fallbacks content_policy_fallbacks": (
        OTHERWISE,
        "lanes.*.tiers, after the other fallbacks: they are reached after any failure, and a longer context at once",
    ),
    "num_retries": (OTHERWISE, "lanes.*.max_attempts; " + AGAIN),
    "allowed_fails": (OTHERWISE, "providers.*.breaker: a path is set aside by its share of failures, 0.5 unless told"),
}
ROUTER = _rows(
    "router_settings",
    {
        **ROUTING,
        "model_group_alias": (SAME, "a lane of that name, with the tiers of its model"),
        "timeout": (SAME, "providers.*.timeout_s, and with them lanes.*.deadline_s for all attempts together"),
        "cooldown_time": (OTHERWISE, "providers.*.breaker.open_s, doubled each time that a path comes back ill"),
        "default_max_parallel_requests": (OTHERWISE, "providers.*.concurrency: as many, but for each worker process"),
        "routing_strategy routing_strategy_args routing_groups enable_weighted_failover": (OTHERWISE, SHARES),
        "enable_pre_call_checks": (OTHERWISE, "always so: a request goes to no context that is too short for it"),
        "retry_after": (OTHERWISE, "a provider's Retry-After is kept; else the wait doubles"),
        "retry_policy model_group_retry_policy allowed_fails_policy": (MISSING, RETRIES),
        "disable_cooldowns": (MISSING, "providers.*.breaker: {failure_share: 1} sets a path aside only when all fails"),
        "stream_timeout": (OTHERWISE, "providers.*.timeout_s is for streams, too, to their end"),
        "provider_budget_config": (TO_DO, "write providers.*.spend_cap_usd for each worker process; " + BUDGETS),
        "redis_url redis_host redis_port redis_password redis_db": (OTHERWISE, REDIS),
        "cache_responses cache_kwargs caching_groups": (TO_DO, CACHE),
        "default_priority": (TO_DO, "write lanes.*.priority: 0 is the most urgent"),
        "enable_tag_filtering tag_filtering_match_any tag_routing_prefix": (MISSING, TAGS),
        "set_verbose debug_level": (OTHERWISE, LOGS),
        "alerting_config": (OTHERWISE, ALERTS),
        "enable_health_check_routing health_check_staleness_threshold": (OTHERWISE, "workers say when they are ready"),
        "health_check_ignore_transient_errors background_health_check_model_groups": (
            OTHERWISE,
            "no provider is called to see whether it lives: circuit breakers learn it from its answers",
        ),
        "optional_pre_call_checks deployment_affinity_ttl_seconds model_group_affinity_config": (MISSING, AFFINITY),
        "client_ttl polling_interval": (MISSING, "leave it out: workers keep their connections"),
        "default_litellm_params": (MISSING, OF_CLIENTS),
        "assistants_config search_tools guardrail_list plugins": (MISSING, NOT_SERVED),
        "router_general_settings ignore_invalid_deployments": (MISSING, "portfolio check says what is wrong"),
        "fallback_access_check fallback_budget_check": (MISSING, "a key's lanes and a tenant's budget always hold"),
        "auto_router_capability_limit": (
            MISSING,
            "model: auto asks the cheapest that can (docs/decisions.md)",
        ),
    },
)
LIBRARY = _rows(
    "litellm_settings",
    {
        **ROUTING,
        "request_timeout": (SAME, "providers.*.timeout_s, and with them lanes.*.deadline_s for all attempts together"),
        "drop_params modify_params": (OTHERWISE, DROPPED),
        "cache cache_params": (TO_DO, CACHE),
        "callbacks success_callback failure_callback service_callback": (OTHERWISE, TRACES),
        "max_budget budget_duration": (TO_DO, BUDGETS_TO_DO),
        "max_internal_user_budget internal_user_budget_duration default_internal_user_params": (TO_DO, BUDGETS_TO_DO),
        "default_team_settings default_key_generate_params upperbound_key_generate_params": (OTHERWISE, KEYS),
        "set_verbose json_logs turn_off_message_logging redact_user_api_key_info": (OTHERWISE, LOGS),
        "enable_json_schema_validation": (OTHERWISE, "the check format, in every lane that is written"),
        "guardrails": (MISSING, "the check policy, with a rule pack of policies (docs/checks.md)"),
        "ssl_verify ssl_certificate": (TO_DO, f"{IN_ENVIRONMENT} under SSL_VERIFY or SSL_CERT_FILE"),
        "custom_provider_map": (MISSING, "an adapter is code of services/model_worker; or serve it by OpenAI's API"),
        "public_model_groups model_group_settings": (MISSING, TAGS),
    },
)
GENERAL = _rows(
    "general_settings",
    {
        "master_key": (TO_DO, "set GATEWAY_KEYS=required and GATEWAY_ADMIN_KEY, and give out keys: " + KEYS),
        "database_url": (TO_DO, "set DATABASE_URL to a PostgreSQL of its own: LiteLLM's tables are not read"),
        "store_model_in_db": (
            TO_DO,
            "models that stand only in LiteLLM's database are not read: write them into model_list, and convert again",
        ),
        "max_parallel_requests global_max_parallel_requests": (TO_DO, "set GATEWAY_MAX_WAITING, beside load control"),
        "max_request_size_mb": (TO_DO, "set GATEWAY_MAX_BODY_BYTES"),
        "alerting alerting_args alerting_threshold alert_types alert_to_webhook_url": (OTHERWISE, ALERTS),
        "background_health_checks health_check_interval": (OTHERWISE, "/live and /ready (docs/operating.md)"),
        "cancel_on_disconnect": (TO_DO, "write on_hang_up: cancel in each lane"),
        "store_prompts_in_spend_logs": (OTHERWISE, "content is in topics for a while, and in no ledger"),
        "maximum_spend_logs_retention_period": (OTHERWISE, "the ledger holds facts and no content (docs/operating.md)"),
        "database_connection_pool_limit database_connection_timeout": (MISSING, "leave it out: services size theirs"),
        "custom_auth enable_jwt_auth litellm_jwtauth": (MISSING, "keys of the gateway's own: " + KEYS),
        "user_header_name user_header_mappings": (MISSING, "clients say whom they ask for in user or in metadata"),
        "forward_client_headers_to_llm_api": (MISSING, "no header of a client's goes on"),
        "allowed_routes ui_access_mode": (MISSING, "keys have scopes, and the console has roles (docs/console.md)"),
        "pass_through_endpoints": (MISSING, NOT_SERVED),
        "key_management_system use_google_kms use_azure_key_vault": (
            MISSING,
            "secrets come by the environment, or as files in /run/secrets",
        ),
        "infer_model_from_keys completion_model": (MISSING, "name each model in model_list"),
    },
)
TOP = _rows(
    "",
    {
        "model_list router_settings litellm_settings general_settings": (SAME, "each setting by itself: see below"),
        "include": (SAME, "the files that it names are read, too"),
        "credential_list": (SAME, "what litellm_credential_name stands for"),
        "environment_variables": (TO_DO, "put them into the environment: a portfolio holds no values of variables"),
        "guardrails": (MISSING, "the check policy, with a rule pack of policies (docs/checks.md)"),
        "files_settings finetune_settings assistant_settings mcp_servers vector_store_registry": (MISSING, NOT_SERVED),
        "search_tools prompts": (MISSING, NOT_SERVED),
        "callback_settings": (OTHERWISE, TRACES),
    },
)
COUNTERPARTS: Mapping[str, Counterpart] = MappingProxyType(
    {**TOP, **MODEL_LIST, **PARAMS, **INFO, **ROUTER, **LIBRARY, **GENERAL}
)
OTHER_COSTS = Counterpart(MISSING, "prices are of tokens: input, cached_input, cache_write, output; or usd_per_hour")
LONG_PROMPTS = Counterpart(TO_DO, "write it into endpoints[].price: above: [{tokens: ..., input: ..., output: ...}]")
UNKNOWN = Counterpart(MISSING, "nothing here reads it, and it is left out")


def counterpart(section: str, name: str) -> Counterpart:
    """What stands for a setting; of the many prices of other things than tokens, one answer for all."""
    if BEGINS_A_TIER.fullmatch(name):
        return LONG_PROMPTS
    found = COUNTERPARTS.get(f"{section}.{name}".removeprefix("."))
    return found or (OTHER_COSTS if "_cost" in name or name == "tiered_pricing" else UNKNOWN)
