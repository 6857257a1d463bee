"""How a provider is reached beside its address and its key: what LiteLLM is told of a cloud, and headers of one's own.

Nothing secret stands in the document: what is goes by the name of a variable of the worker's environment.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import StringConstraints

from schemas.entry import NAMED, Entry, VariableName

Place = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=60)]
"""Becomes a part of the host's name, so that nothing else may stand in it."""
Word = Annotated[str, StringConstraints(pattern=NAMED, max_length=120)]
Project = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$", max_length=120)]
Role = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", max_length=300)
]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_+=,.@:-]*$", max_length=120)]
HeaderName = Annotated[str, StringConstraints(pattern=NAMED, max_length=100)]

OWN_HEADERS = frozenset(
    "accept accept-encoding connection content-encoding content-length content-type cookie expect host "
    "idempotency-key keep-alive proxy-authorization proxy-connection te traceparent tracestate trailer "
    "transfer-encoding upgrade".split()
)
"""What the worker itself says of a call, and what belongs to the connection."""


class Settings(Entry):
    """What LiteLLM is told of one cloud, under LiteLLM's own names. None of it is secret, and none an address.

    Azure: ``api_version``; ``tenant_id`` and ``client_id`` of an application that signs in. AWS: ``aws_...``. Vertex
    AI: ``vertex_...``. OpenAI: ``organization``. What is not told here is read from the worker's environment.
    """

    api_version: Word | None = None
    tenant_id: Word | None = None
    client_id: Word | None = None
    aws_region_name: Place | None = None
    aws_profile_name: Label | None = None
    aws_role_name: Role | None = None
    aws_session_name: Label | None = None
    aws_external_id: Label | None = None
    vertex_project: Project | None = None
    vertex_location: Place | None = None
    organization: Word | None = None

    def told(self) -> dict[str, str]:
        """Those that are set, by name."""
        return self.model_dump(exclude_none=True)


class SettingsEnv(Entry):
    """The variables of the worker's environment that hold settings, and the secrets that belong to them.

    ``vertex_credentials``: the JSON of a service account, or the path of its file where the worker runs.
    """

    api_version: VariableName | None = None
    tenant_id: VariableName | None = None
    client_id: VariableName | None = None
    client_secret: VariableName | None = None
    azure_ad_token: VariableName | None = None
    aws_region_name: VariableName | None = None
    aws_profile_name: VariableName | None = None
    aws_role_name: VariableName | None = None
    aws_session_name: VariableName | None = None
    aws_external_id: VariableName | None = None
    aws_access_key_id: VariableName | None = None
    aws_secret_access_key: VariableName | None = None
    aws_session_token: VariableName | None = None
    vertex_project: VariableName | None = None
    vertex_location: VariableName | None = None
    vertex_credentials: VariableName | None = None
    organization: VariableName | None = None

    def named(self) -> dict[str, str]:
        """The variable of each that is set, by name."""
        return self.model_dump(exclude_none=True)


CLOUDS = {
    "Azure": ("azure", "azure_ai", "azure_text"),
    "AWS": ("bedrock", "bedrock_mantle", "sagemaker", "sagemaker_chat", "sagemaker_nova"),
    "Vertex AI": ("vertex_ai", "vertex_ai_beta"),
    "OpenAI": ("openai", "text-completion-openai"),
}
"""Whose settings there are, and with what LiteLLM's names of its models begin."""


def cloud_of(setting: str) -> str:
    """Whose setting it is, one of :data:`CLOUDS`."""
    if setting.startswith("aws_"):
        return "AWS"
    if setting.startswith("vertex_"):
        return "Vertex AI"
    return "OpenAI" if setting == "organization" else "Azure"


def settings_wrong(settings: Settings | None, settings_env: SettingsEnv | None) -> Iterator[str]:
    """What is wrong with a provider's settings, all together."""
    told = settings.told() if settings else {}
    named = settings_env.named() if settings_env else {}
    if both := sorted(told.keys() & named.keys()):
        yield f"settings_env: {both[0]} stands in settings, too: leave one of them out"
    clouds = {cloud_of(name): name for name in (*told, *named)}
    if len(clouds) > 1:
        yield f"settings: {' and '.join(clouds.values())} are of {' and '.join(clouds)}: make a provider of each"


def misfit(settings: Iterable[str], model: str) -> str | None:
    """Why these settings are nothing to a model by LiteLLM's name of it; ``None`` where they fit, or nobody knows."""
    begins, slash, _ = model.partition("/")
    clouds = {cloud_of(name): name for name in settings}
    wrong = next((cloud for cloud in clouds if slash and begins not in CLOUDS[cloud]), None)
    if wrong is None:
        return None
    whose = " or ".join(f"{each}/..." for each in CLOUDS[wrong][:2])
    return f"its provider has {clouds[wrong]} among its settings, which is of {wrong}, whose models are {whose}"


def headers_wrong(headers: dict[str, str], *, has_key: bool) -> Iterator[str]:
    """What is wrong with the names of headers that are sent along."""
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            yield f"headers_env: {name} stands there twice, in other letters: leave one of them out"
        if name.lower() in OWN_HEADERS:
            yield f"headers_env: {name} is the worker's own: leave it out"
        seen.add(name.lower())
    if has_key and "authorization" in seen:
        yield "headers_env: Authorization is where the key of api_key_env goes: leave one of them out"
