#!/usr/bin/env python3
"""Reads and writes encrypted Parquet files with Spark, under a key of Samsung Cloud Platform's Key Management Service.

    pip install pyspark
    python spark_kms.py read KEY_ID FILE
    python spark_kms.py write KEY_ID FILE

Needs a JDK, with which it compiles ScpKmsClient.java, and the variables that ScpKmsClient.java names.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pyspark
from pyspark.sql import SparkSession, functions


def compiled():
    """Compiles the KMS client against Spark's own libraries, and returns the folder of the class."""
    folder = tempfile.mkdtemp(prefix="scp-kms-client-")
    jars = os.path.join(os.path.dirname(pyspark.__file__), "jars", "*")
    source = pathlib.Path(__file__).with_name("ScpKmsClient.java")
    subprocess.run(["javac", "-proc:none", "-cp", jars, "-d", folder, str(source)], check=True)
    return folder


def session(folder):
    """Starts Spark on this machine."""
    hadoop = "spark.hadoop.parquet.crypto.factory.class"
    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraClassPath", folder)
        .config(hadoop, "org.apache.parquet.crypto.keytools.PropertiesDrivenCryptoFactory")
        .config("spark.hadoop.parquet.encryption.kms.client.class", "ScpKmsClient")
        .config("spark.hadoop.parquet.encryption.kms.instance.id", "scp-kms")
        .getOrCreate()
    )


def write(spark, key_id, file):
    """Writes one file. Spark itself writes a folder."""
    rows = spark.range(250).selectExpr("concat('order-', id) as name", "id as amount").coalesce(1)
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "orders")
        rows.write.option("parquet.encryption.uniform.key", key_id).parquet(target)
        (part,) = pathlib.Path(target).glob("part-*.parquet")
        data = part.read_bytes()
        if data[:4] != b"PARE" or data[-4:] != b"PARE":
            sys.exit("the written file is not encrypted")
        shutil.copy(part, file)
    print(f"wrote {file}, encrypted")


def main():
    """Reads or writes a file."""
    what, key_id, file = sys.argv[1:]
    folder = compiled()
    try:
        spark = session(folder)
        spark.sparkContext.setLogLevel("ERROR")
        if what == "write":
            write(spark, key_id, file)
        else:
            totals = spark.read.parquet(file).agg(functions.count("name"), functions.sum("amount"))
            rows, total = totals.collect()[0]
            print(f"read {rows} rows, total {total}")
        spark.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
