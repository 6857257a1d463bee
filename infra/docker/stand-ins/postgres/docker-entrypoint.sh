#!/usr/bin/env bash
# Make the cluster on a new volume from POSTGRES_USER, POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE), POSTGRES_DB and
# POSTGRES_INITDB_ARGS; then run the server, as its own user. Options of the server may follow the name.
set -euo pipefail

case ${1:-} in -*) set -- postgres "$@" ;; esac
if [ "$1" = postgres ] && [ "$(id --user)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres /var/lib/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

make_cluster() {
    : "${POSTGRES_PASSWORD:=$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}"
    : "${POSTGRES_PASSWORD:?set it, or POSTGRES_PASSWORD_FILE}"
    user=${POSTGRES_USER:-postgres}
    # shellcheck disable=SC2086 # the arguments are several words
    initdb --pgdata "$PGDATA" --username "$user" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") \
        --auth-local trust --auth-host scram-sha-256 --encoding UTF8 ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    # On the socket only: nobody outside may take a half-made database for a ready one.
    pg_ctl --pgdata "$PGDATA" --wait --options "-c listen_addresses= -c unix_socket_directories=$PGHOST" start
    database=${POSTGRES_DB:-$user}
    [ "$database" = postgres ] || createdb --username "$user" --maintenance-db postgres "$database"
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -f "$file" ] || psql --set ON_ERROR_STOP=1 --username "$user" --dbname "$database" --file "$file"
    done
    pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
}

if [ "$1" = postgres ]; then
    shift
    [ -s "$PGDATA/PG_VERSION" ] || make_cluster
    exec postgres -D "$PGDATA" -c listen_addresses='*' -c "unix_socket_directories=$PGHOST" "$@"
fi
exec "$@"
