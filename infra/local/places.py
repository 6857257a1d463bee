"""Where a stack on this machine is found, unless something else is there: its folder, its files and its ports."""

from pathlib import Path

FOLDER = Path(".portfolio")
ADDRESSES = "addresses.json"
DEVELOPMENT_KEY = "development-key"
CONSOLE_KEY = "console.key"
GATEWAY_PORT, LEDGER_PORT, CONSOLE_PORT, HEALTH_PORT = 8_080, 8_081, 8_082, 9_464
