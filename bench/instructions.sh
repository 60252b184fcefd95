#!/usr/bin/env bash
# Counts the instructions that one call costs on the caller's thread, with valgrind; the same on a busy machine as on a quiet one.
#
#   bench/instructions.sh
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

program=$(cargo build --quiet --release --manifest-path "$repository/Cargo.toml" -p bench --example repeat \
    --message-format=json | sed -nE '/"name":"repeat"/ s/.*"executable":"([^"]+)".*/\1/p' | tail -n 1)

# The instructions of the first thread for so many calls.
total() {
    rm -f "$place"/out*
    valgrind --quiet --tool=callgrind --separate-threads=yes --callgrind-out-file="$place/out" "$program" "$1" "$2" \
        > /dev/null 2>&1
    sed -n 's/^summary: //p' "$place/out-01"
}

# Two runs of different length: what both have in common, such as setting up TLS, falls out.
per_call() { echo $((($(total "$1" $((3 * $2))) - $(total "$1" "$2")) / (2 * $2))); }

compare() {
    local left right
    left=$(per_call "$2" "$4")
    right=$(per_call "$3" "$4")
    awk -v name="$1" -v left="$left" -v right="$right" \
        'BEGIN { printf "%-34s %12d %12d %8.3f\n", name, left, right, left / right }'
}

printf '%-34s %12s %12s %8s\n' 'instructions per call' left right ratio
compare 'encrypt: sdk / by hand' encrypt-sdk encrypt-hand 100
compare 'encrypt: sdk / by hand, no limit' encrypt-sdk encrypt-hand-no-limit 100
compare 'encrypt: sdk / by hand, hyper' encrypt-sdk-hyper encrypt-hand-hyper 100
compare 'list_keys: sdk / by hand' list-sdk list-hand 5
compare 'decode: sdk / by hand' decode-timestamp decode-string 5
