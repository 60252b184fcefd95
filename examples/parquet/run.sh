#!/usr/bin/env bash
# Encrypted Parquet files under a key of the sandbox: DataFusion, PyArrow and Spark read what each other has written.
#
#   examples/parquet/run.sh
#
# PYTHON is the interpreter that has pyarrow, and SPARK_PYTHON one that has pyspark, beside a JDK; python3 unless set.
# What is not installed is skipped with a message. The first run compiles DataFusion, which takes minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# A key of the sandbox's seed that encrypts.
KEY_ID=3265ab469f0d406d83073da3e11e7a6c
PYTHON=${PYTHON:-python3}
SPARK_PYTHON=${SPARK_PYTHON:-$PYTHON}

folder=$(mktemp -d)
trap 'kill "${sandbox:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT

cargo build --quiet --locked
cargo build --quiet --locked --manifest-path ../../Cargo.toml -p cloud-sandbox
target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
outer=$(cargo metadata --no-deps --format-version 1 --manifest-path ../../Cargo.toml |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
example=$target/debug/parquet-example

"$outer/debug/cloud-sandbox" > "$folder/sandbox.env" &
sandbox=$!
for _ in $(seq 100); do
    # The line of the last variable says that all are there.
    if grep -q '^export RISKEN_ACCESS_TOKEN' "$folder/sandbox.env"; then break; fi
    sleep 0.1
done
# shellcheck source=/dev/null
source <(grep '^export' "$folder/sandbox.env")
export SCP_KMS_ENDPOINT=$SCP_ENDPOINT

failed=0
expect() {
    local wanted=$1 got
    shift
    got=$("$@" 2>> "$folder/log") || got="status $?"
    if [[ $got == "$wanted" ]]; then
        echo "ok: $* -> $got"
    else
        echo "FAILED: $* -> $got, and not: $wanted" >&2
        failed=1
    fi
}
# Compares what each engine reads in a file with the rows that its writer has written.
read_by_all() {
    local file=$1 rows=$2
    local totals="read $rows rows, total $((rows * (rows - 1) / 2))"
    expect "$totals" "$example" read "$KEY_ID" "$file"
    expect "$totals" "$example" --current-thread read "$KEY_ID" "$file"
    if $pyarrow; then expect "$totals" "$PYTHON" scp_kms.py read "$KEY_ID" "$file"; fi
    if $spark; then expect "$totals" "$SPARK_PYTHON" spark/spark_kms.py read "$KEY_ID" "$file"; fi
}

pyarrow=false spark=false
if "$PYTHON" -c 'import pyarrow.parquet.encryption' 2>/dev/null; then pyarrow=true; else
    echo "SKIPPED: $PYTHON has no pyarrow; \`pip install pyarrow\`, or set PYTHON"
fi
if "$SPARK_PYTHON" -c 'import pyspark' 2>/dev/null && command -v javac > /dev/null; then spark=true; else
    echo "SKIPPED: $SPARK_PYTHON has no pyspark, or there is no JDK; \`pip install pyspark\`, or set SPARK_PYTHON"
fi

files=$folder/files
mkdir "$files"
expect "wrote $files/datafusion.parquet, encrypted" "$example" write "$KEY_ID" "$files/datafusion.parquet"
if grep -q 'order-' "$files/datafusion.parquet"; then echo "FAILED: plaintext in the file" >&2; failed=1; fi
read_by_all "$files/datafusion.parquet" 1000

# Lost settings are noticed, and the plaintext is deleted.
expect "status 1" "$example" write-without-settings "$KEY_ID" "$files/plain.parquet"
if [[ -e $files/plain.parquet ]]; then echo "FAILED: the plaintext file is still there" >&2; failed=1; fi

if $pyarrow; then
    expect "wrote $files/pyarrow.parquet, encrypted" "$PYTHON" scp_kms.py write "$KEY_ID" "$files/pyarrow.parquet"
    read_by_all "$files/pyarrow.parquet" 500
fi
# With the settings of decryption, a plaintext file is still read, except by the example.
if $pyarrow; then
    "$PYTHON" - "$files/replaced.parquet" << 'END'
import sys, pyarrow as pa, pyarrow.parquet as pq
pq.write_table(pa.table({"name": ["a", "b"], "amount": [0, 1]}), sys.argv[1])
END
    expect "read 2 rows, total 1" "$PYTHON" scp_kms.py read "$KEY_ID" "$files/replaced.parquet"
    expect "status 1" "$example" read "$KEY_ID" "$files/replaced.parquet"
fi
if $spark; then
    expect "wrote $files/spark.parquet, encrypted" "$SPARK_PYTHON" spark/spark_kms.py write "$KEY_ID" "$files/spark.parquet"
    read_by_all "$files/spark.parquet" 250
fi

if ((failed)); then tail -n 30 "$folder/log" >&2; fi
exit "$failed"
