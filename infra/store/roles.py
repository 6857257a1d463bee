"""A role for each service that has a schema, which may do as it likes there and nothing anywhere else.

``python -m infra.store.roles DATABASE`` prints the SQL, for the database's owner to run; it may be run again.
"""

import sys

WITH_SCHEMA = ("profiler", "model_worker", "escalation", "ledger", "gateway")


def role_of(service: str) -> str:
    """The role that a service logs in as."""
    return f"portfolio_{service}"


def roles_sql(database: str) -> str:
    """Roles, schemas and grants. Roles get no password here: give each one of its own with ``ALTER ROLE``."""
    lines = [f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;', "REVOKE ALL ON SCHEMA public FROM PUBLIC;"]
    for service in WITH_SCHEMA:
        lines += [
            f"DO $$ BEGIN CREATE ROLE {role_of(service)} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;",
            f'GRANT CONNECT ON DATABASE "{database}" TO {role_of(service)};',
            f"GRANT {role_of(service)} TO CURRENT_USER;",
            f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role_of(service)};",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m infra.store.roles DATABASE")
    sys.stdout.write(roles_sql(sys.argv[1]))
