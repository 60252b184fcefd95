#!/usr/bin/env bash
# Compares the cold release build of one KMS call through the SDK, on reqwest and on hyper, with the same call written by
# hand on plain reqwest and on hyper.
#
#   bench/compile-time.sh [ROUNDS]
#
# Prints wall time, processor time, crates and binary size of each, and ratios. Needs bash, cargo and a C compiler.
# KEEP=1 leaves the programs in place, TIMINGS=1 also writes cargo's timing report of each (and implies KEEP).
set -euo pipefail

rounds=${1:-1}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=$(mktemp -d)
if [[ -n ${TIMINGS:-} ]]; then KEEP=1; fi
if [[ -z ${KEEP:-} ]]; then trap 'rm -rf "$place"' EXIT; fi

# A compiler cache or a shared target directory would make the builds anything but cold.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER RUSTFLAGS
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

# The versions that the workspace asks for, so that all programs get the same ones.
version() {
    sed -nE "s/^$1 = (\"|\{ version = \")([^\"]+)\".*/\2/p" "$repository/Cargo.toml" | head -n 1
}

program() {
    mkdir -p "$place/$1/src"
    # All start from the workspace's choice of versions; cargo drops what is not needed and adds what is missing.
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

program with-sdk-hyper <<END
scp-security = { path = "$repository/crates/scp-security", default-features = false, features = ["kms", "hyper"] }
END

for name in with-sdk with-sdk-hyper; do
    cp "$repository/bench/examples/with_sdk.rs" "$place/$name/src/main.rs"
done

program by-hand <<END
base64 = "$(version base64)"
hmac = "$(version hmac)"
reqwest = { version = "$(version reqwest)", features = ["json"] }
serde = { version = "$(version serde)", features = ["derive"] }
sha2 = "$(version sha2)"
END

cp "$repository/bench/examples/by_hand.rs" "$place/by-hand/src/main.rs"

program by-hand-hyper <<END
base64 = "$(version base64)"
hmac = "$(version hmac)"
http-body-util = "$(version http-body-util)"
hyper = { version = "$(version hyper)", default-features = false, features = ["client", "http1"] }
hyper-rustls = { version = "$(version hyper-rustls)", default-features = false, features = ["http1", "native-tokio", "ring", "tls12"] }
hyper-util = { version = "$(version hyper-util)", default-features = false, features = ["client-legacy", "http1", "tokio"] }
rustls = { version = "$(version rustls)", default-features = false, features = ["ring", "std", "tls12"] }
serde = { version = "$(version serde)", features = ["derive"] }
serde_json = "$(version serde_json)"
sha2 = "$(version sha2)"
END

cp "$repository/bench/examples/by_hand_hyper.rs" "$place/by-hand-hyper/src/main.rs"

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

programs=(with-sdk with-sdk-hyper by-hand by-hand-hyper)
for name in "${programs[@]}"; do
    cargo fetch --quiet --manifest-path "$place/$name/Cargo.toml"
done

declare -A row

# Prints the ratios of two programs.
compare() {
    local -a left right
    read -ra left <<< "${row[$1]}"
    read -ra right <<< "${row[$2]}"
    printf '%-30s' "$1 / $2"
    for index in 0 1 2 3; do
        width=$((index == 2 ? 8 : index == 3 ? 12 : 10))
        printf " %${width}s" "$(ratio "${left[index]}" "${right[index]}")"
    done
    printf '\n'
}

printf '%-30s %10s %10s %8s %12s\n' program 'wall s' 'cpu s' crates 'binary MiB'
for ((round = 1; round <= rounds; round++)); do
    for name in "${programs[@]}"; do
        build "$name"
        row[$name]="$wall $cpu $(crates "$name") $(size "$name")"
        read -ra figures <<< "${row[$name]}"
        printf '%-30s %10s %10s %8s %12s\n' "$name" "${figures[@]}"
    done
    compare with-sdk by-hand
    compare with-sdk-hyper by-hand
    compare with-sdk-hyper by-hand-hyper
done
if [[ -n ${KEEP:-} ]]; then printf 'programs in %s\n' "$place"; fi
