# Creates .venv from the lock files. Sourced by start.sh and test.sh. Prints a line with the duration of each step.
# If the stamp in .venv shows that it was created from these lock files, nothing is done.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv

note() { printf '%s\n' "$*" >&2; }

step() { # step "what" command...: run the command quietly, and show its output only if it fails
    local what=$1 began=$SECONDS log
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/chimera-setup.XXXXXX")
    if ! "$@" >"$log" 2>&1; then
        note "$what: failed"
        tail -n 40 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
    note "$what ($((SECONDS - began)) s)"
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

check_chosen_python() { # fail and show the reason if CHIMERA_PYTHON is set but can't be used
    if [ -z "${CHIMERA_PYTHON:-}" ] || is_new_enough "$CHIMERA_PYTHON"; then return; fi
    if "$CHIMERA_PYTHON" -c '' >/dev/null 2>&1; then
        note "CHIMERA_PYTHON=$CHIMERA_PYTHON is $("$CHIMERA_PYTHON" -V 2>&1); Chimera needs Python 3.11 or newer."
    else
        note "CHIMERA_PYTHON=$CHIMERA_PYTHON can't be run. Set it to Python 3.11 or newer: CHIMERA_PYTHON=/path/to/python3.12"
    fi
    note "If CHIMERA_PYTHON is not set, Python is looked up on the PATH."
    return 1
}

find_python() { # print the Python to use, preferring versions for which all servers have wheels
    local name
    for name in "${CHIMERA_PYTHON:-python3.12}" python3.11 python3.13 python3.14 python3 python; do
        if is_new_enough "$name"; then
            command -v -- "$name"
            return
        fi
    done
    note "Chimera needs Python 3.11 or newer, which was not found on the PATH."
    note "Install Python (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.12;"
    note "Windows: winget install Python.Python.3.12), or set its path: CHIMERA_PYTHON=/path/to/python3.12"
    return 1
}

make_venv() {
    rm -rf "$venv"
    "$1" -m venv "$venv" && return
    rm -rf "$venv"
    note "This Python can't create a virtual environment. On Debian and Ubuntu, install the missing package: apt install python3-venv"
    return 1
}

use_caches() { # a missing, empty or read-only home folder must not make the start fail
    local cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
    if ! { mkdir -p "$cache/uv" && [ -w "$cache/uv" ]; } 2>/dev/null; then
        export UV_CACHE_DIR=${UV_CACHE_DIR:-$venv/cache}
    fi
    # Companies' own certificates are in the system's certificate store.
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
    # uv copies files from a cache on another disk; without this setting, it warns about that.
    export UV_LINK_MODE=${UV_LINK_MODE:-copy}
}

sum_of() { cat "$root/pyproject.toml" "$root/requirements/uv.lock" "$root/requirements/$1.lock" | cksum | tr ' ' '-'; }

ready_for() { grep -qsx "$1 $root $(sum_of "$1")" "$venv/stamp"; }

install_uv() {
    "$venv/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement "$root/requirements/uv.lock"
}

uv() { "$venv/bin/uv" --quiet "$@" --python "$venv/bin/python"; }

# Bytecode is compiled now, because the first import without it takes longer than the start of all servers.
# "add" removes nothing, because a running Chimera that uses this .venv must not lose a package even for a moment.
install_locked() {
    if [ "$2" = add ]; then
        uv pip install --require-hashes --compile-bytecode --requirement "$root/requirements/$1.lock"
    else
        uv pip sync --require-hashes --compile-bytecode "$root/requirements/$1.lock"
    fi
}

has_model() { compgen -G "$venv/lib/python*/site-packages/xllamacpp" >/dev/null; }

take_turn() { # take the lock once no other installation holds it; the lock of a dead process is removed
    local reported=
    until ln -s $$ "$venv.lock" 2>/dev/null; do
        if ! kill -0 "$(readlink "$venv.lock" || echo $$)" 2>/dev/null; then
            rm -f "$venv.lock"
            continue
        fi
        [ -n "$reported" ] || note "Another installation into $venv is running. Waiting for it to finish."
        reported=1
        sleep 1
    done
}

install_chimera() { (cd -- "$root" && uv pip install --no-deps --no-build-isolation --offline --editable .); }

ensure_environment() { # ensure_environment runtime|dev; dev includes everything in runtime
    check_chosen_python || return 1
    ready_for "$1" && return
    local status=0
    take_turn
    ready_for "$1" || make_environment "$1" || status=1
    rm -f "$venv.lock"
    return "$status"
}

make_environment() {
    local kind=$1 python how=sync model=
    if ready_for runtime; then how=add; fi
    use_caches
    if ! "$venv/bin/python" -c '' >/dev/null 2>&1; then
        python=$(find_python) || return 1
        step "Created .venv with $("$python" -V 2>&1)" make_venv "$python" || return 1
    fi
    # An extra that the user has added is kept, with the version in the new lock files.
    if has_model; then model=1; fi
    rm -f "$venv/stamp"
    step "Installed uv (hash verified)" install_uv || return 1
    step "Installed $(grep -c '^[a-z0-9].*==' "$root/requirements/$kind.lock") packages (hashes verified)" \
        install_locked "$kind" "$how" || return 1
    if [ -n "$model" ] && ! step "Reinstalled the extra for a local model" install_locked model add; then
        note "Continuing without the extra. CHIMERA_LOCAL_MODEL can't be served until the installation succeeds."
    fi
    step "Installed Chimera" install_chimera || return 1
    {
        printf '%s\n' "$kind $root $(sum_of "$kind")"
        if [ "$kind" = dev ]; then printf '%s\n' "runtime $root $(sum_of runtime)"; fi
    } >"$venv/stamp"
}
