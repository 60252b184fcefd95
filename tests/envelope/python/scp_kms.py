#!/usr/bin/env python3
"""Seals and opens messages under a key of Samsung Cloud Platform's Key Management Service, with the Python AWS
Encryption SDK. It shares no code with `cloud-envelope`; each opens what the other has sealed.

    pip install aws-encryption-sdk==4.0.7
    python scp_kms.py seal KEY_ID [NAME=VALUE]... < data > message
    python scp_kms.py open KEY_ID [NAME=VALUE]... < message > data

Reads SCP_ACCESS_KEY, SCP_SECRET_KEY and SCP_KMS_ENDPOINT, such as https://kms.kr-west1.e.samsungsdscloud.com. The pairs
are the encryption context: `seal` writes them, `open` demands them.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.request

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy
from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
from aws_encryption_sdk.structures import DataKey, EncryptedDataKey, MasterKeyInfo

CLIENT_TYPE = "Openapi"


def call(path, body):
    """Sends a signed POST request and returns its JSON."""
    url = os.environ["SCP_KMS_ENDPOINT"].rstrip("/") + path
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


class ScpKmsKey(MasterKey):
    """A key of Key Management Service that wraps data keys."""

    provider_id = "scp-kms"
    _config_class = type("Config", (MasterKeyConfig,), {"provider_id": provider_id})

    def _generate_data_key(self, algorithm, encryption_context):
        made = call(f"/v1/kms/openapi/datakey/{self.key_id.decode()}", {"key_type": "plaintext"})
        return DataKey(
            key_provider=self.key_provider,
            data_key=base64.b64decode(made["plaintext"]),
            encrypted_data_key=made["ciphertext"].encode(),
        )

    def _encrypt_data_key(self, data_key, algorithm, encryption_context):
        body = {"plaintext": base64.b64encode(data_key.data_key).decode()}
        made = call(f"/v1/kms/openapi/encrypt/{self.key_id.decode()}", body)
        provider = MasterKeyInfo(self.provider_id, self.key_id)
        return EncryptedDataKey(key_provider=provider, encrypted_data_key=made["ciphertext"].encode())

    def _decrypt_data_key(self, encrypted_data_key, algorithm, encryption_context):
        body = {"ciphertext": encrypted_data_key.encrypted_data_key.decode()}
        opened = call(f"/v1/kms/openapi/decrypt/{self.key_id.decode()}", body)
        return DataKey(
            key_provider=self.key_provider,
            data_key=base64.b64decode(opened["plaintext"]),
            encrypted_data_key=encrypted_data_key.encrypted_data_key,
        )


def main():
    """Seals or opens standard input."""
    what, key_id, *pairs = sys.argv[1:]
    context = dict(pair.split("=", 1) for pair in pairs)
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    key = ScpKmsKey(key_id=key_id.encode())
    source = sys.stdin.buffer.read()
    if what == "seal":
        algorithm = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        result, _ = client.encrypt(source=source, key_provider=key, algorithm=algorithm, encryption_context=context)
    else:
        result, header = client.decrypt(source=source, key_provider=key)
        missing = [name for name in context if header.encryption_context.get(name) != context[name]]
        if missing:
            sys.exit("the encryption context of the message lacks a pair that was expected")
    sys.stdout.buffer.write(result)


if __name__ == "__main__":
    main()
