#!/usr/bin/env bash
# Starts a devnet of the given program and drives it with CosmJS, cosmpy, plain HTTP and raw sockets.
#
#   tests/e2e/run.sh <virtengine> [suite...]     suites: cosmjs wallet rest cosmpy faults crash; all by default
#
# Clients are installed once into ~/.cache/virtengine-e2e, or $VIRTENGINE_E2E_CACHE, at pinned versions.
set -euo pipefail

if [ $# -lt 1 ]; then
    echo "usage: $0 <virtengine> [cosmjs|wallet|rest|cosmpy|faults|crash]..." >&2
    exit 2
fi
program="$(realpath "$1")"
shift
suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(cosmjs wallet rest cosmpy faults crash)
cd "$(dirname "$0")"

cache="${VIRTENGINE_E2E_CACHE:-$HOME/.cache/virtengine-e2e}"
home="$(mktemp -d -t virtengine-e2e.XXXXXX)"
network=""
passed=0
failed=0

say() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

# The last lines of every log, when something went wrong.
logs() {
    local log
    for log in "$home"/devnet.log "$home"/net/logs/*.log; do
        [ -f "$log" ] || continue
        printf '\n-- last lines of %s\n' "${log#"$home"/}"
        tail -n 40 "$log"
    done
}

# Whatever happens, no devnet and no folder stays behind.
leave() {
    local code=$?
    if [ -n "$network" ] && kill -0 "$network" 2>/dev/null; then
        kill -KILL "$network" 2>/dev/null || true
    fi
    rm -rf "$home"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

# Installs a set of dependencies once: a folder named after what it was made from, complete or absent.
install() {
    local kind="$1" from="$2" build="$3" sum folder
    sum="$(cat "$from" | sha256sum | cut -c1-12)"
    folder="$cache/$kind-$sum"
    if [ ! -e "$folder/complete" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        "$build" "$folder" >&2
        touch "$folder/complete"
    fi
    echo "$folder"
}
install_npm() {
    cp package.json package-lock.json "$1"
    npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
}
install_pip() {
    python3 -m venv "$1/venv"
    "$1/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
}

count() { grep -oE "$2" "$1" | tail -n 1 | grep -oE '[0-9]+' || echo 0; }

# Adds the result of a run of node:test, written as TAP, or of pytest.
tally() {
    local code="$1" good="$2" bad="$3"
    # A suite that broke off without a count is a failure too.
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
}
# A file that hangs is ended after `limit` seconds and the next one begins; the suite as a whole ends too.
node_suite() {
    local limit="${2:-180}" tap="$home/$1.tap" files=("$1"/*.test.mjs) code=0 good bad
    timeout --kill-after=10 $((limit * ${#files[@]} + 30)) \
        node --test --test-concurrency=1 --test-timeout=$((limit * 1000)) \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$tap" "${files[@]}" || code=$?
    good="$(count "$tap" '^# pass [0-9]+')"
    bad=$(($(count "$tap" '^# fail [0-9]+') + $(count "$tap" '^# cancelled [0-9]+')))
    tally "$code" "$good" "$bad"
}
python_suite() {
    local out="$home/$1.out" code=0
    PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 300 "$python" -m pytest -p no:cacheprovider -q -rfE --durations=5 "$1" 2>&1 |
        tee "$out" || code=$?
    local last
    last="$home/$1.last"
    tail -n 1 "$out" >"$last"
    tally "$code" "$(count "$last" '[0-9]+ passed')" \
        $(($(count "$last" '[0-9]+ failed') + $(count "$last" '[0-9]+ error')))
}

say "clients"
modules="$(install node package-lock.json install_npm)/node_modules"
python="$(install python requirements.txt install_pip)/venv/bin/python"
# Modules are found from the files that import them.
ln -sfn "$modules" node_modules

say "devnet"
base="$(node lib/free_ports.mjs)"
"$program" devnet --home "$home/net" --base-port "$base" --fresh >"$home/devnet.log" 2>&1 &
network=$!
export DEVNET="$home/net/devnet.json"
export PROTO="$PWD/../../proto"
if ! node lib/wait.mjs "$network" 150; then
    logs
    exit 1
fi

for suite in "${suites[@]}"; do
    say "$suite"
    case "$suite" in
        cosmpy) python_suite "$suite" ;;
        crash) node_suite "$suite" 900 ;;
        *) node_suite "$suite" ;;
    esac
done

say "stop"
asked=$SECONDS
kill -TERM "$network"
while kill -0 "$network" 2>/dev/null && [ $((SECONDS - asked)) -lt 20 ]; do sleep 0.2; done
if kill -0 "$network" 2>/dev/null; then
    echo "devnet did not stop within 20 s of SIGTERM"
    failed=$((failed + 1))
else
    code=0
    wait "$network" || code=$?
    if [ "$code" -eq 0 ]; then
        echo "devnet stopped in $((SECONDS - asked)) s"
        passed=$((passed + 1))
    else
        echo "devnet ended with code $code"
        failed=$((failed + 1))
    fi
    network=""
fi

[ "$failed" -eq 0 ] || logs
say "result"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
