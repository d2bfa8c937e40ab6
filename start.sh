#!/usr/bin/env bash
# Start Chimera: ./start.sh               run the whole stack until Ctrl-C
#                ./start.sh --port 8010   the same, with options of `chimera up`
#                ./start.sh demo          watch a task lose its worker and continue
#                ./start.sh <command>     run any command of `chimera`
set -euo pipefail
. "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/scripts/environment.sh"

ensure_environment runtime
case ${1:-} in
    -h | --help | --version | --*-completion) ;;
    "" | -*) set -- up "$@" ;;
esac
# In the background, because everything else works without the console.
if [ "${1:-}" = up ]; then (nice -n 10 "$root/scripts/console.sh" beside $$ >/dev/null 2>&1 </dev/null &); fi
exec "$venv/bin/chimera" "$@"
