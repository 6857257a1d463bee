"""``keys``: API keys of the gateway made, listed, revoked and rotated."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.tables import add, plain_table
from services.console.commands.options import AsJson, GatewayAt, console_app
from services.console.domain.keys import id_of, seconds_of, state_of, wish

ONCE = "Keep it now: it is shown this once, and kept nowhere."
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="A key's prefix, such as mp-1f0c2a9b44de.")]
Many = list[str] | None


def create(
    name: Annotated[str, typer.Argument(help="What or whom it is for.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose requests, budget and data they are.")] = "default",
    scope: Annotated[Many, typer.Option("--scope", help="chat (the usual) or admin; may be repeated.")] = None,
    lane: Annotated[Many, typer.Option("--lane", help="Only this lane; may be repeated.")] = None,
    data_class: Annotated[Many, typer.Option("--data-class", help="Only this class of data; may be repeated.")] = None,
    requests: Annotated[int | None, typer.Option("--requests-per-minute", min=1)] = None,
    tokens: Annotated[int | None, typer.Option("--tokens-per-minute", min=1)] = None,
    expires: Annotated[str | None, typer.Option("--expires-in", help="Such as 12h or 90d; never unless told.")] = None,
    as_json: AsJson = False,
    gateway: GatewayAt = None,
) -> None:
    """Make a key. It is printed once.

    \b
    Examples:
      portfolio keys create "the web shop" --tenant shop --lane simple --requests-per-minute 600
      portfolio keys create ops --scope admin --expires-in 90d
    """
    told: dict[str, Any] = {
        "name": name,
        "tenant": tenant,
        "scopes": scope,
        "lanes": lane,
        "data_classes": data_class,
        "requests_per_minute": requests,
        "tokens_per_minute": tokens,
        "expires_in": expires,
    }
    made = asyncio.run(console_app(gateway=gateway).keys.create(wish(told, datetime.now(UTC))))
    Screen(as_json=as_json).show(f"{made['key']}\n{ONCE}", made)


def listing(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    as_json: AsJson = False,
    gateway: GatewayAt = None,
) -> None:
    """List keys, the newest first; never their secrets.

    \b
    Example:
      portfolio keys list --tenant shop
    """
    keys = asyncio.run(console_app(gateway=gateway).keys.all_of(tenant))
    table = plain_table(
        "key", "name", "tenant", "state", "scopes", "lanes", "data", "a minute", whole=("key", "state", "a minute")
    )
    now = datetime.now(UTC)
    for key in keys:
        limits = [f"{key[f'{what}_per_minute']} {what}" for what in ("requests", "tokens") if key[f"{what}_per_minute"]]
        columns = (_all(key["scopes"]), _all(key["lanes"]), _all(key["data_classes"]), ", ".join(limits) or "any")
        add(table, key["prefix"], key["name"], key["tenant"], state_of(key, now), *columns)
    Screen(as_json=as_json).show(table if keys else "No keys: make one with `portfolio keys create`.", keys)


def revoke(key: KeyName, as_json: AsJson = False, gateway: GatewayAt = None) -> None:
    """Revoke a key: no gateway takes it any more within 2 seconds.

    \b
    Example:
      portfolio keys revoke mp-1f0c2a9b44de
    """
    gone = asyncio.run(console_app(gateway=gateway).keys.revoke(id_of(key)))
    Screen(as_json=as_json).show(f"{gone['prefix']} ({gone['name']}) is revoked.", gone)


def rotate(
    key: KeyName,
    overlap: Annotated[str, typer.Option("--overlap", help="How long the old key stays good: 30m, 24h, 7d.")] = "24h",
    as_json: AsJson = False,
    gateway: GatewayAt = None,
) -> None:
    """Make a key like another, and let the old one end later: both are good meanwhile.

    \b
    Example:
      portfolio keys rotate mp-1f0c2a9b44de --overlap 7d
    """
    made = asyncio.run(console_app(gateway=gateway).keys.rotate(id_of(key), seconds_of(overlap)))
    ends = f"mp-{made['old']['id']} ends at {made['old']['ends_at'][:19]}Z."
    Screen(as_json=as_json).show(f"{made['key']}\n{ONCE} {ends}", made)


def _all(names: list[str] | None) -> str:
    return ", ".join(names) if names else "any"


COMMANDS = {"create": create, "list": listing, "revoke": revoke, "rotate": rotate}
