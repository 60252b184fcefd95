#!/usr/bin/env python3
"""Reads and writes encrypted Parquet files with PyArrow, under a key of Samsung Cloud Platform's Key Management Service.
It shares no code with `cloud-envelope`; each reads what the other has written.

    pip install pyarrow
    python scp_kms.py read KEY_ID FILE
    python scp_kms.py write KEY_ID FILE

Reads SCP_ACCESS_KEY, SCP_SECRET_KEY and SCP_KMS_ENDPOINT, such as https://kms.kr-west1.e.samsungsdscloud.com.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.request

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

CLIENT_TYPE = "Openapi"


def call(operation, key_id, body):
    """Sends a signed POST request and returns its JSON."""
    # A file names the key, so it must not be able to change the path.
    if not re.fullmatch("[0-9a-zA-Z-]+", key_id):
        raise ValueError("the master key identifier is not the ID of a key")
    url = os.environ["SCP_KMS_ENDPOINT"].rstrip("/") + f"/v1/kms/openapi/{operation}/{key_id}"
    timestamp, key = str(int(time.time() * 1000)), os.environ["SCP_ACCESS_KEY"]
    text = "POST" + url + timestamp + key + CLIENT_TYPE
    mac = hmac.new(os.environ["SCP_SECRET_KEY"].encode(), text.encode(), hashlib.sha256)
    headers = {
        "Scp-AccessKey": key,
        "Scp-Signature": base64.b64encode(mac.digest()).decode(),
        "Scp-Timestamp": timestamp,
        "Scp-ClientType": CLIENT_TYPE,
        "Scp-API-Version": "kms 1.4",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


class ScpKmsClient(pe.KmsClient):
    """The master key identifier is the ID of the key; a wrapped key is the service's ciphertext, unchanged."""

    def __init__(self, _connection):
        super().__init__()

    def wrap_key(self, key_bytes, master_key_identifier):
        body = {"plaintext": base64.b64encode(key_bytes).decode()}
        return call("encrypt", master_key_identifier, body)["ciphertext"]

    def unwrap_key(self, wrapped_key, master_key_identifier):
        ciphertext = wrapped_key.decode() if isinstance(wrapped_key, bytes) else wrapped_key
        opened = call("decrypt", master_key_identifier, {"ciphertext": ciphertext})
        return base64.b64decode(opened["plaintext"])


def main():
    """Reads or writes a file."""
    what, key_id, file = sys.argv[1:]
    factory = pe.CryptoFactory(ScpKmsClient)
    connection = pe.KmsConnectionConfig(kms_instance_id="scp-kms")
    if what == "write":
        table = pa.table({"name": [f"order-{number}" for number in range(500)], "amount": list(range(500))})
        configuration = pe.EncryptionConfiguration(footer_key=key_id, uniform_encryption=True)
        properties = factory.file_encryption_properties(connection, configuration)
        with pq.ParquetWriter(file, table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)
        print(f"wrote {file}, encrypted")
    else:
        properties = factory.file_decryption_properties(connection)
        table = pq.read_table(file, decryption_properties=properties)
        print(f"read {table.num_rows} rows, total {pc.sum(table['amount']).as_py()}")


if __name__ == "__main__":
    main()
