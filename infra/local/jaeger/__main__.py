"""`python -m infra.local.jaeger build` builds Jaeger; `... find-go` fails when there is no Go to do it with."""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Final

from infra.local.cache import user_cache
from infra.local.jaeger.build import VERSION, build, find_go
from infra.local.processes import PartError


def say_built() -> str:
    return f"Jaeger {VERSION} is built: {build()}"


def say_go() -> str:
    return f"Jaeger would be built with {find_go(user_cache(f'jaeger-{VERSION}'))[0]}"


COMMANDS: Final[Mapping[str, Callable[[], str]]] = {"build": say_built, "find-go": say_go}


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        logging.error("usage: python -m infra.local.jaeger {%s}", "|".join(COMMANDS))
        return 2
    try:
        logging.info("%s", COMMANDS[arguments[0]]())
    except PartError as error:
        logging.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
