#!/usr/bin/env bash
# Start Chimera: ./start.sh            the whole stack, until Ctrl-C
#                ./start.sh --port 8010   the same with options of `chimera up`
#                ./start.sh demo       a task that loses its worker and continues
#                ./start.sh <command>  any command of `chimera`
set -euo pipefail
. "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/scripts/environment.sh"

ensure_environment runtime
case ${1:-} in
    -h | --help | --version | --*-completion) ;;
    "" | -*) set -- up "$@" ;;
esac
exec "$venv/bin/chimera" "$@"
