"""An error, told without its message: messages hold what was handled, and no prompt may reach a log."""

from traceback import format_tb


def told(error: BaseException) -> str:
    """Its type, that of its cause, and the frames that it went through."""
    cause = error.__cause__ or error.__context__
    after = f" after {type(cause).__name__}" if cause is not None else ""
    return f"{type(error).__name__}{after}\n{''.join(format_tb(error.__traceback__))}"
