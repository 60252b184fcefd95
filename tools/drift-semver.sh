#!/usr/bin/env bash
# Writes xtask/tests/drift/verdicts.toml: what cargo-semver-checks says of changes of a small generated crate.
# The gate holds the rules of `cargo xtask drift` against that table. Needs `cargo install --locked cargo-semver-checks`.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo semver-checks --version
cargo test -p xtask --test semver verdicts_are_written -- --ignored --exact
git diff --stat -- xtask/tests/drift/verdicts.toml
