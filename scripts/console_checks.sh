# Checks of the console, for test.sh, which sources this: packages, types, lint, tests and the build with its budget, and
# Chromium for tests/console. What can't run is skipped with a line that says so; in CI (CI=true), it fails.

frontend=$root/frontend

has_npm() { command -v npm >/dev/null && command -v node >/dev/null; }

install_console_packages() { # unless they were installed from this lock file
    local stamp
    stamp=$(cksum <"$frontend/package-lock.json")
    [ "$(cat "$frontend/node_modules/.stamp" 2>/dev/null)" = "$stamp" ] && return
    (cd -- "$frontend" && npm ci --ignore-scripts --no-audit --no-fund) && printf '%s\n' "$stamp" >"$frontend/node_modules/.stamp"
}

console_script() { (cd -- "$frontend" && npm run --silent "$1"); }

ensure_chromium() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null; then return; fi
    done
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        note "SKIPPING THE BROWSER TESTS: no Chromium on the PATH. Debian, Ubuntu: apt-get install chromium"
        return
    fi
    step "Installed Chromium" install_chromium || note "SKIPPING THE BROWSER TESTS: Chromium couldn't be installed."
}

install_chromium() {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium
}

prepare_console() { # what the tests need: packages and the built console; fails only if it could be built and wasn't
    if ! has_npm; then
        note "SKIPPING THE CONSOLE'S CHECKS: no Node.js with npm on the PATH. Install Node.js 20.19 or newer."
        [ "${CI:-}" != true ]
        return
    fi
    step "Console packages" install_console_packages && step "Console types and build" console_script build
}

check_console() { # checks that can run beside the tests
    if ! has_npm; then return; fi
    local status=0
    step "Console lint" console_script lint || status=1
    step "Console tests" console_script test || status=1
    return "$status"
}
