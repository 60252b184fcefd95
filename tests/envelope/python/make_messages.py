#!/usr/bin/env python3
"""Makes the messages in ../messages with the Python AWS Encryption SDK.

    pip install aws-encryption-sdk==4.0.7
    python make_messages.py ../messages

Each is sealed under a raw AES key, with algorithm suite 0x0478. `index.json` says how; the data is `pattern(length)`.
The messages contain random numbers, so each run makes others.
"""

import json
import pathlib
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import (
    Algorithm,
    CommitmentPolicy,
    EncryptionKeyType,
    WrappingAlgorithm,
)
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

# name, length of the data, frame length, encryption context, names of the wrapping keys
MESSAGES = [
    ("empty", 0, 4096, {}, ["one"]),
    ("one-byte", 1, 4096, {}, ["one"]),
    ("default-frame", 1000, 4096, {"table": "orders"}, ["one"]),
    ("exactly-one-frame", 128, 128, {"table": "orders"}, ["one"]),
    ("exactly-two-frames", 256, 128, {}, ["one"]),
    ("three-frames", 257, 128, {"a": "", "": "empty name", "key": "값", "ключ": "значение"}, ["one"]),
    ("two-keys", 400, 128, {"table": "orders"}, ["other", "one"]),
    ("three-keys", 10, 4096, {"b": "2", "a": "1"}, ["other", "third", "one"]),
    ("thirty-frames", 3800, 128, {}, ["one"]),
    ("long-context", 3, 4096, {f"name-{i:03}": "v" * i for i in range(100)}, ["one"]),
]


def pattern(length):
    """The data of a message: bytes that repeat after 251."""
    return bytes(i % 251 for i in range(length))


class RawKeys(RawMasterKeyProvider):
    """Wrapping keys, which their names determine."""

    provider_id = "raw-keys"

    def _get_raw_key(self, key_id):
        name = key_id.decode()
        bits = {"one": 256, "other": 192, "third": 128}[name]
        algorithm = getattr(WrappingAlgorithm, f"AES_{bits}_GCM_IV12_TAG16_NO_PADDING")
        key = bytes((ord(name[0]) + i) % 256 for i in range(bits // 8))
        return WrappingKey(algorithm, key, EncryptionKeyType.SYMMETRIC)


def main():
    """Writes the messages and their index into the folder that the argument names."""
    folder = pathlib.Path(sys.argv[1])
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    index = []
    for name, length, frame_length, context, keys in MESSAGES:
        provider = RawKeys()
        for key in keys:
            provider.add_master_key(key)
        message, _ = client.encrypt(
            source=pattern(length),
            key_provider=provider,
            algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            frame_length=frame_length,
            encryption_context=context,
        )
        (folder / f"{name}.msg").write_bytes(message)
        index.append({"name": name, "length": length, "context": context, "keys": keys})
    text = json.dumps(index, indent=1, ensure_ascii=False)
    (folder / "index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
