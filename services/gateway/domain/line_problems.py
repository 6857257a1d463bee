"""What is wrong with a line, in words of the API alone: it is kept in PostgreSQL, where no client's word belongs."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from pydantic import BaseModel

from services.gateway.domain.batch import LineError
from services.gateway.domain.chat_request import REFUSED
from services.gateway.domain.problems import Problem
from services.gateway.domain.responses_request import UNSUPPORTED

OWN = ("schemas.", "services.gateway.domain.")
STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
SAYS = {
    "missing_required_parameter": "it is missing",
    "unsupported_parameter": "it, or its value, is not served",
    "unknown_parameter": "there is a name that nobody knows",
    "invalid_type": "a JSON object is wanted",
}
OTHERWISE = "a name or a value is not one that is taken"
INVALID_JSON = "invalid_json"


def line_error(problem: Problem, number: int, path: str, within: str = "") -> LineError:
    """What a route would tell of this line, or of its body ``within`` it, without what the client wrote there."""
    if problem.code == INVALID_JSON:
        return LineError("invalid_json_line", problem.message, number)
    told = ".".join(filter(None, (within, problem.param)))
    param = known_part(told) or None
    says = SAYS.get(problem.code, OTHERWISE)
    return LineError(
        problem.code, f"{param or 'the line'}: {says}; POST {path} with its body tells more", number, param
    )


def known_part(param: str) -> str:
    """As much of a place as is named by the API: from a client's own word on it is cut off."""
    steps = STEP.finditer(param)
    known = takewhile(lambda step: step[2] is not None or step[1] in _names(), steps)
    return "".join(step[0] for step in known)


@cache
def _names() -> frozenset[str]:
    fields = (name for shape in _shapes(BaseModel) for name in shape.model_fields)
    aliases = (each.alias for shape in _shapes(BaseModel) for each in shape.model_fields.values() if each.alias)
    return frozenset({*fields, *aliases, *REFUSED, *UNSUPPORTED})


def _shapes(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for shape in of.__subclasses__():
        if shape.__module__.startswith(OWN):
            yield shape
        yield from _shapes(shape)
