#!/usr/bin/env bash
# Every check, the quick ones, or some tests: `./test.sh --help` says how to ask for each.
set -euo pipefail

usage() {
    cat <<'END'
./test.sh                             every check: lint, form, import contracts, types, all tests with coverage; 9 to 15 minutes
./test.sh quick                       lint, form, import contracts, and the tests that start no servers; a minute
./test.sh quick -k settings           the same, with options of pytest
./test.sh tests/chimera -k settings   some tests: files, folders and options of pytest
./test.sh --help                      this

Of pytest's options, -k WORD chooses tests by their names, -x ends at the first that fails, --lf takes those that failed last,
and -q says less. All of them: .venv/bin/python -m pytest --help
The first run makes .venv. Tests start PostgreSQL, Redis and Temporal of their own.
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
check "Form" "$bin/ruff" format --check --quiet .
check "Import contracts" "$bin/lint-imports" --no-cache
if [ ${#failed[@]} -gt 0 ]; then say "Failed before the tests: ${failed[*]}"; fi

# Two at a time, each with servers of its own: the tests mostly wait. A file's tests stay together, as its fixtures do.
run_tests() { "$bin/python" -m pytest --numprocesses 2 --dist loadfile "$@"; }

status=0
if [ -n "$quick" ]; then
    run_tests -m "not servers" "$@" || status=$?
else
    command -v node >/dev/null || say "Skipped: what needs Node (it isn't on the PATH)"
    # Beside the tests: its line stands among theirs.
    step "Types" "$bin/mypy" &
    types=$!
    run_tests --cov --cov-report=term --durations=15 || status=$?
    wait "$types" || failed+=("Types")
fi
if [ ${#failed[@]} -gt 0 ]; then
    say "Failed beside the tests: ${failed[*]}"
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
