#!/usr/bin/env bash
# Runs schemathesis over every fixture against a sandbox of its own, on loopback.
#
# usage: tools/schemathesis/run.sh [FIXTURE...]
#
# Needs Python 3 and, once, the network for `pip install schemathesis`. EXAMPLES, SECONDS_EACH and SEED bound the run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${EXAMPLES:=50}" "${SECONDS_EACH:=60}" "${SEED:=1}"

scratch=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

if [ -z "${ST:-}" ]; then
  venv=${VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/cloud-sandbox-schemathesis}
  ST=$venv/bin/st
  [ -x "$ST" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'schemathesis==4.32.5'; }
fi
if [ -z "${SANDBOX:-}" ]; then
  cargo build --quiet --manifest-path "$root/Cargo.toml" --package cloud-sandbox
  target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$root/Cargo.toml" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  SANDBOX=$target/debug/cloud-sandbox
fi

fixtures=("$@")
[ $# -gt 0 ] || fixtures=("$root"/fixtures/{scp,nhn,risken}/*.json)
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here
failed=()
for fixture in "${fixtures[@]}"; do
  fixture=$(realpath "$fixture")
  # A sandbox for each fixture: what one run deletes, the next one needs.
  rm -f "$scratch/out"
  "$SANDBOX" --port 0 >"$scratch/out" &
  server=$!
  until grep -qs '^export RISKEN_ACCESS_TOKEN=' "$scratch/out"; do
    kill -0 "$server" || { echo "the sandbox does not start" >&2; exit 1; }
    sleep 0.1
  done
  # shellcheck disable=SC1090
  source <(grep '^export ' "$scratch/out")
  base=$RISKEN_URL
  case $fixture in */risken/*) base=$RISKEN_URL/api/v1 ;; esac
  printf '\n== %s\n' "${fixture#"$root/"}"
  (cd "$scratch" && "$ST" run "$fixture" --url "$base" --phases examples,coverage,fuzzing --mode all \
    --checks not_a_server_error,response_schema_conformance,content_type_conformance \
    --continue-on-failure --max-examples "$EXAMPLES" --max-time "$SECONDS_EACH" --seed "$SEED" \
    --suppress-health-check all --request-timeout 20 --warnings off --no-color) \
    || failed+=("$fixture")
  kill -0 "$server" || { echo "the sandbox has ended" >&2; failed+=("$fixture (ended)"); }
  kill "$server" && wait "$server" 2>/dev/null || true
done
if [ ${#failed[@]} -gt 0 ]; then
  printf '\nfailed: %s\n' "${failed[*]}" >&2
  exit 1
fi
printf '\nall %d fixtures pass\n' "${#fixtures[@]}"
