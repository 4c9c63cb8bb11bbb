#!/usr/bin/env bash
# Loads the REST routes of a devnet of the given program with k6, and fails if a threshold does.
#
#   tests/load/run.sh <virtengine> [folder]     folder: where k6's summary and the logs are kept
#
# VALIDATORS (1) is the size of the network; ORDERS, BIDS, ALLOCATIONS, BURST, CALM and PEAK shape the load as
# k6/marketplace_burst.js says. k6 is built once by Go into ~/.cache/virtengine-load, or $VIRTENGINE_LOAD_CACHE.
set -euo pipefail

if [ $# -lt 1 ]; then
    echo "usage: $0 <virtengine> [folder]" >&2
    exit 2
fi
program="$(realpath "$1")"
kept="${2:+$(realpath -m "$2")}"
cd "$(dirname "$0")"

version=v1.8.1
cache="${VIRTENGINE_LOAD_CACHE:-$HOME/.cache/virtengine-load}"
k6="$cache/k6-$version/k6"
validators="${VALIDATORS:-1}"
export ORDERS="${ORDERS:-20}" BIDS="${BIDS:-40}" ALLOCATIONS="${ALLOCATIONS:-20}"
export BURST="${BURST:-5}" CALM="${CALM:-10}" PEAK="${PEAK:-10}"
home="$(mktemp -d -t virtengine-load.XXXXXX)"
network=""

say() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

# Ends the devnet, by force if it does not end itself.
stop() {
    [ -n "$network" ] || return 0
    kill -TERM "$network" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$network" 2>/dev/null || break
        sleep 0.2
    done
    kill -KILL "$network" 2>/dev/null || true
    wait "$network" 2>/dev/null || true
    network=""
}
leave() {
    local code=$?
    stop
    if [ -n "$kept" ]; then
        mkdir -p "$kept"
        cp -r "$home"/devnet.log "$home"/net/logs "$home"/summary.json "$kept" 2>/dev/null || true
    fi
    rm -rf "$home"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

if [ ! -x "$k6" ]; then
    say "k6 $version"
    mkdir -p "$cache"
    built="$(mktemp -d "$cache/building.XXXXXX")"
    CGO_ENABLED=0 GOBIN="$built" go install "go.k6.io/k6@$version"
    # Complete or absent.
    rm -rf "${k6%/*}"
    mv "$built" "${k6%/*}"
fi

# A node has ten ports; the devnet has an observer and a provider besides.
free() {
    local port
    for port in $(seq "$1" $(($1 + 10 * (validators + 2) - 1))); do
        if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 1; fi
    done
}
# Two runs on one machine begin at different places, below the ports that the system hands out itself.
base=$((21000 + $$ % 100 * 100))
until free "$base"; do base=$((base + 100)); done

say "devnet of $validators at port $base"
"$program" devnet --validators "$validators" --home "$home/net" --base-port "$base" --fresh >"$home/devnet.log" 2>&1 &
network=$!
until grep -q 'ready$' "$home/devnet.log"; do
    if ! kill -0 "$network" 2>/dev/null || [ "$SECONDS" -gt 900 ]; then
        tail -n 40 "$home/devnet.log"
        exit 1
    fi
    sleep 0.2
done

say "signing"
# Transactions of a second while it is calm, times this, are all; a few more, as schedules round.
seconds=$((2 * CALM + BURST * PEAK))
"$program" lab presign --endpoint "rpc=127.0.0.1:$((base + 7)),grpc=127.0.0.1:$((base + 8))" \
    --devnet "$home/net/devnet.json" --orders $((ORDERS * seconds + 2)) --bids $((BIDS * seconds + 2)) \
    --allocations $((ALLOCATIONS * seconds + 2)) --json "$home/signed.json"

say "load"
rest=""
for node in $(seq 0 $((validators - 1))); do
    rest+="${rest:+,}http://127.0.0.1:$((base + 10 * node + 9))"
done
code=0
K6_NO_USAGE_REPORT=true K6_AUTO_EXTENSION_RESOLUTION=false DATA="$home/signed.json" REST="$rest" \
    "$k6" run --quiet --no-color --address '' --include-system-env-vars --summary-export "$home/summary.json" \
    k6/marketplace_burst.js || code=$?

say "stop"
stop
[ "$code" -eq 0 ] || echo "k6 ended with code $code (99: a threshold failed)"
exit "$code"
