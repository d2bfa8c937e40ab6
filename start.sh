#!/usr/bin/env bash
# Start Chimera: ./start.sh            the whole stack, until Ctrl-C
#                ./start.sh demo       a task that loses its worker and goes on
#                ./start.sh <command>  any command of `chimera`
set -euo pipefail
. "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/scripts/environment.sh"

ensure_environment runtime
if [ $# -eq 0 ]; then set -- up; fi
exec "$venv/bin/chimera" "$@"
