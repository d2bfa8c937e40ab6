#!/usr/bin/env bash
# Run all checks, only the quick ones, or some tests. See `./test.sh --help`.
set -euo pipefail

usage() {
    cat <<'END'
./test.sh                             run lint, format, import contracts, types, the console's checks and all tests (about 30 minutes on 2 cores)
./test.sh quick                       run lint, format, import contracts and the tests that need no servers (one minute)
./test.sh quick -k settings           run the quick checks with pytest options
./test.sh tests/chimera -k settings   run the tests in files or folders, with pytest options
./test.sh --help                      show this help

Useful pytest options: -k WORD selects tests by name, -x stops at the first failure, --lf reruns the tests that failed last,
and -q prints less. For all options, run: .venv/bin/python -m pytest --help
The first run creates .venv and frontend/node_modules. Tests start their own PostgreSQL, Redis and Temporal. The browser
tests need Chromium, which a run as root installs on Debian and Ubuntu.
END
}
for argument in "$@"; do
    case $argument in -h | --help) usage && exit ;; esac
done

. "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/scripts/environment.sh"

ensure_environment dev
cd -- "$root"
bin=$venv/bin
quick=
if [ "${1:-}" = quick ]; then
    quick=1
    shift
elif [ $# -gt 0 ]; then
    exec "$bin/python" -m pytest "$@"
fi

failed=()
check() { # check "what" command...
    local what=$1
    shift
    step "$what" "$@" || failed+=("$what")
}
check "Lint" "$bin/ruff" check --quiet .
check "Format" "$bin/ruff" format --check --quiet .
check "Import contracts" "$bin/lint-imports" --no-cache
if [ ${#failed[@]} -gt 0 ]; then note "Failed checks before the tests: ${failed[*]}"; fi

# Two processes, each with its own servers: the tests mostly wait. A file's tests stay together, because they share fixtures.
run_tests() { "$bin/python" -m pytest --numprocesses 2 --dist loadfile "$@"; }

status=0
if [ -n "$quick" ]; then
    run_tests -m "not servers" "$@" || status=$?
else
    command -v node >/dev/null || note "Skipping the tests that need Node, which is not on the PATH."
    . "$root/scripts/console_checks.sh"
    ensure_chromium
    prepare_console || failed+=("Console build")
    # These run in parallel with the tests, so their lines appear among theirs.
    { types=0 && step "Types" "$bin/mypy" || types=1; check_console && [ "$types" -eq 0 ]; } &
    beside=$!
    run_tests --cov --cov-report=term --durations=15 || status=$?
    wait "$beside" || failed+=("Types or the console's lint and tests, see above")
fi
if [ ${#failed[@]} -gt 0 ]; then
    note "Other failed checks: ${failed[*]}"
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
