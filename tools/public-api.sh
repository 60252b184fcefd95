#!/usr/bin/env bash
# Writes crates/*/public-api.txt: the public items of each published crate, with the features that docs.rs shows.
#
#   tools/public-api.sh [--check]    # --check only compares, and prints the difference
#
# It also fails if a public type is not Send and Sync. Needs `cargo install --locked cargo-public-api`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The description of a crate in JSON is unstable; this switch makes the stable compiler write it.
export RUSTC_BOOTSTRAP=1
target=${CARGO_TARGET_DIR:-target}
differs=0

for crate in cloud-core scp-security nhn-security risken-aws cloud-secrets cloud-envelope cloud-findings cloud-sandbox cloud-bridge; do
    metadata=$(sed -n '/^\[package.metadata.docs.rs\]/,/^\[/p' "crates/$crate/Cargo.toml")
    features=$(sed -n 's/^features = \[\(.*\)\]/\1/p' <<< "$metadata" | tr -d '" ')
    selection=(--features "$features")
    if grep -q '^all-features = true' <<< "$metadata"; then selection=(--all-features); fi
    cargo rustdoc --quiet --lib --package "$crate" "${selection[@]}" -- -Z unstable-options --output-format json
    json="$target/doc/${crate//-/_}.json"

    list="crates/$crate/public-api.txt"
    items=$(cargo public-api --rustdoc-json "$json" -sss --color=never)
    if [[ ${1:-} == --check ]]; then
        diff --unified=0 "$list" - <<< "$items" || differs=1
    else
        printf '%s\n' "$items" > "$list"
    fi
    if cargo public-api --rustdoc-json "$json" -s --color=never | grep -E '^impl.* !core::marker::(Send|Sync) for'; then
        echo "$crate: these types are not Send and Sync" >&2
        differs=1
    fi
done
exit "$differs"
