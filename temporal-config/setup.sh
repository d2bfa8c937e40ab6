#!/bin/sh
# Sets up a Temporal server, using the temporalio/admin-tools image. Each part can be run any number of times.
#   setup.sh schema      before the server starts: tables in its two databases (SQL_HOST, SQL_USER, SQL_PASSWORD)
#   setup.sh namespace   after the server starts: namespace and Chimera's search attributes (TEMPORAL_ADDRESS)
set -eu

SCHEMA=/etc/temporal/schema/postgresql/v12
NAMESPACE=${TEMPORAL_NAMESPACE:-default}
# How long a closed run stays visible in the Web UI. Chimera stores results and costs itself.
RETENTION=${TEMPORAL_RETENTION:-168h}

# The same names and types as in models/workflows.py; a test compares them.
SEARCH_ATTRIBUTES="
ChimeraOwner=Keyword
ChimeraAgent=Keyword
ChimeraStatus=Keyword
ChimeraPriority=Int
"

sql() { temporal-sql-tool --plugin postgres12 --endpoint "$SQL_HOST" --port 5432 --user "$SQL_USER" "$@"; }

schema() {
    for part in temporal visibility; do
        database=$part
        [ "$part" = temporal ] || database=temporal_visibility
        # Fails if the tables already exist; in that case, update-schema brings them up to date.
        sql --database "$database" setup-schema -v 0.0 || true
        sql --database "$database" update-schema --schema-dir "$SCHEMA/$part/versioned"
    done
}

namespace() {
    tries=0
    until temporal operator cluster health; do
        tries=$((tries + 1))
        [ "$tries" -lt 30 ] || { echo "Temporal at $TEMPORAL_ADDRESS is not healthy after 60 s" >&2; exit 1; }
        sleep 2
    done
    temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1 ||
        temporal operator namespace create --namespace "$NAMESPACE" --retention "$RETENTION"
    # A new namespace takes a few seconds to propagate through the server.
    known=$(retry temporal operator search-attribute list --namespace "$NAMESPACE")
    for attribute in $SEARCH_ATTRIBUTES; do
        case $known in *"${attribute%=*}"*) continue ;; esac
        retry temporal operator search-attribute create --namespace "$NAMESPACE" \
            --name "${attribute%=*}" --type "${attribute#*=}"
    done
}

retry() {
    for _ in 1 2 3 4 5 6 7 8 9; do
        if "$@"; then return; fi
        sleep 2
    done
    "$@"
}

case ${1:-} in
    schema) schema ;;
    namespace) namespace ;;
    *) echo "Usage: setup.sh schema | setup.sh namespace" >&2; exit 2 ;;
esac
