"""Which database errors pass by themselves, and which are the data's fault.

Source: PostgreSQL manual, appendix A, "PostgreSQL Error Codes" (classes by the first two characters).
"""

import asyncpg

DATA_CLASSES = frozenset({"21", "22", "23"})


def is_data_error(error: BaseException) -> bool:
    """True when a row itself is to blame, so that the same statement without it would pass."""
    if isinstance(error, asyncpg.PostgresError):
        return str(getattr(error, "sqlstate", None))[:2] in DATA_CLASSES
    return isinstance(error, asyncpg.DataError)


def is_database_error(error: BaseException) -> bool:
    """True for all that a wait can mend: lost connections, deadlocks, restarts, and schemas not migrated yet."""
    # asyncpg says InternalClientError of a connection that was cut while a statement was prepared on it.
    kinds = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
    is_setting = isinstance(error, asyncpg.ClientConfigurationError)  # an address that cannot be read
    return isinstance(error, kinds) and not is_data_error(error) and not is_setting
