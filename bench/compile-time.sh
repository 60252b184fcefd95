#!/usr/bin/env bash
# Compares the cold release build of one KMS call through the SDK with the same call written by hand on plain reqwest.
#
#   bench/compile-time.sh [ROUNDS]
#
# Prints wall time, processor time, crates and binary size of each, and the ratios. Needs bash, cargo and a C compiler.
# KEEP=1 leaves the two programs in place, TIMINGS=1 also writes cargo's timing report of each (and implies KEEP).
set -euo pipefail

rounds=${1:-1}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=$(mktemp -d)
if [[ -n ${TIMINGS:-} ]]; then KEEP=1; fi
if [[ -z ${KEEP:-} ]]; then trap 'rm -rf "$place"' EXIT; fi

# A compiler cache or a shared target directory would make the builds anything but cold.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER RUSTFLAGS
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

# The versions that the workspace asks for, so that both programs get the same ones.
version() {
    sed -nE "s/^$1 = (\"|\{ version = \")([^\"]+)\".*/\2/p" "$repository/Cargo.toml" | head -n 1
}

program() {
    mkdir -p "$place/$1/src"
    # Both start from the workspace's choice of versions; cargo drops what is not needed and adds what is missing.
    cp "$repository/Cargo.lock" "$place/$1/Cargo.lock"
    {
        printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\npublish = false\n\n' "$1"
        printf '[workspace]\n\n[dependencies]\n'
        printf 'tokio = { version = "%s", default-features = false, features = ["macros", "rt"] }\n' "$(version tokio)"
        cat
    } > "$place/$1/Cargo.toml"
}

program with-sdk <<END
scp-security = { path = "$repository/crates/scp-security", default-features = false, features = ["kms", "ring"] }
END

cp "$repository/bench/examples/with_sdk.rs" "$place/with-sdk/src/main.rs"

program by-hand <<END
base64 = "$(version base64)"
hmac = "$(version hmac)"
reqwest = { version = "$(version reqwest)", features = ["json"] }
serde = { version = "$(version serde)", features = ["derive"] }
sha2 = "$(version sha2)"
END

cp "$repository/bench/examples/by_hand.rs" "$place/by-hand/src/main.rs"

# Leaves wall and processor seconds in $wall and $cpu.
build() {
    local -a options=(--release --offline --quiet --manifest-path "$place/$1/Cargo.toml")
    if [[ -n ${TIMINGS:-} ]]; then options+=(--timings); fi
    rm -rf "$place/$1/target"
    local TIMEFORMAT='%R %U %S' spent
    spent=$({ time cargo build "${options[@]}" 1>&2 2>"$place/$1/build.log"; } 2>&1) || {
        cat "$place/$1/build.log" >&2
        return 1
    }
    read -r wall cpu < <(awk '{ printf "%.1f %.1f\n", $1, $2 + $3 }' <<< "$spent")
}

crates() {
    cargo tree --offline --quiet --edges normal --prefix none --manifest-path "$place/$1/Cargo.toml" |
        sed 's/ (\*)$//' | sort -u | wc -l
}

size() {
    local bytes
    bytes=$(wc -c < "$place/$1/target/release/$1")
    awk -v bytes="$bytes" 'BEGIN { printf "%.2f", bytes / 1048576 }'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

for name in with-sdk by-hand; do
    cargo fetch --quiet --manifest-path "$place/$name/Cargo.toml"
done

printf '%-10s %10s %10s %8s %12s\n' program 'wall s' 'cpu s' crates 'binary MiB'
for ((round = 1; round <= rounds; round++)); do
    build with-sdk
    sdk=("$wall" "$cpu" "$(crates with-sdk)" "$(size with-sdk)")
    printf '%-10s %10s %10s %8s %12s\n' with-sdk "${sdk[@]}"
    build by-hand
    hand=("$wall" "$cpu" "$(crates by-hand)" "$(size by-hand)")
    printf '%-10s %10s %10s %8s %12s\n' by-hand "${hand[@]}"
    printf '%-10s' ratio
    for index in 0 1 2 3; do
        width=$((index == 2 ? 8 : index == 3 ? 12 : 10))
        printf " %${width}s" "$(ratio "${sdk[index]}" "${hand[index]}")"
    done
    printf '\n'
done
if [[ -n ${KEEP:-} ]]; then printf 'programs in %s\n' "$place"; fi
