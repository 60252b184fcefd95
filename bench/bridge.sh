#!/usr/bin/env bash
# Measures cloud-bridge beside the same calls through the SDK, each in a process of its own. The sandbox responds after
# 5 ms. Prints calls per second, durations, processor time per call of the bridge, its memory, and its start.
#
#   bench/bridge.sh [CALLS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
calls=${1:-20000}
cargo build --quiet --release -p cloud-sandbox
cargo build --quiet --release -p cloud-bridge --no-default-features --features ring
cargo build --quiet --release -p bench --example bridge_load
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$work"' EXIT

"$bin/cloud-sandbox" --admin > "$work/sandbox.env" &
until grep -q RISKEN_ACCESS_TOKEN "$work/sandbox.env"; do sleep 0.1; done
eval "$(grep '^export' "$work/sandbox.env")"
curl -sf -H 'Content-Type: application/json' "$SCP_ENDPOINT/_sandbox/faults" \
    -d '{"on": "scp/kms/encrypt", "effect": "late", "delay_ms": 5, "times": null}' > "$work/fault"

VAULT_TOKEN=$("$bin/cloud-bridge" token bench 2>&1 > "$work/policies.toml")
printf '[[token.policy]]\npath = "*"\ncapabilities = ["read", "update"]\n' >> "$work/policies.toml"
begin=$(date +%s%N)
"$bin/cloud-bridge" --vendor scp --policies "$work/policies.toml" --listen 127.0.0.1:0 \
    --audit "$work/audit.jsonl" > "$work/bridge" &
bridge=$!
until grep -q listening "$work/bridge"; do sleep 0.005; done
echo "start: at most $((($(date +%s%N) - begin) / 1000000)) ms"
VAULT_ADDR=$(sed 's/listening on //' "$work/bridge")
export VAULT_ADDR VAULT_TOKEN

# Of a process, in clock ticks: user and system time.
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
memory() { awk '/VmRSS/ {print $2 " kB"}' "/proc/$1/status"; }
measure() { # MODE CALLS CONNECTIONS
    local before after
    before=$(ticks "$bridge")
    "$bin/examples/bridge_load" "$@"
    after=$(ticks "$bridge")
    echo "  processor time of the bridge: $(((after - before) * 10000 / $2)) µs a call; memory: $(memory "$bridge")"
}
for _ in 1 2 3; do
    # Of all processes that have ended, in seconds, as `times` prints it.
    TIMEFORMAT='  processor time of the SDK: user %U s, system %S s'
    time "$bin/examples/bridge_load" sdk "$calls" 32
    measure encrypt "$calls" 32
done
measure read "$((calls * 5))" 1
measure read "$((calls * 5))" 32
measure read "$((calls * 50))" 32
