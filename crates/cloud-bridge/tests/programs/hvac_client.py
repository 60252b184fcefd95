"""Calls a bridge with Python's hvac, as a program that knows Vault does.

    VAULT_ADDR=... VAULT_TOKEN=... python3 hvac_client.py

It needs the package hvac. It is run by the test `programs.rs`, and works with any bridge in front of
a sandbox. It prints the number of calls, and fails at the first response that is not as expected.
"""

import base64
import os
import sys
import warnings

import hvac
from hvac import exceptions

warnings.simplefilter("ignore", DeprecationWarning)

client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"])
calls = 0


def check(condition, what):
    global calls
    calls += 1
    if not condition:
        sys.exit(f"not as expected: {what}")


def refused(error, call, what):
    try:
        call()
    except error:
        check(True, what)
    else:
        check(False, what)


def encoded(data):
    return base64.b64encode(data).decode()


def system():
    check(client.is_authenticated(), "is_authenticated")
    check(not client.seal_status["sealed"], "seal_status")
    check(client.sys.is_initialized() is True, "is_initialized")
    check(client.sys.read_health_status(method="HEAD").status_code == 200, "health, HEAD")
    check(client.sys.read_health_status(method="GET")["initialized"], "health, GET")
    mounts = client.sys.list_mounted_secrets_engines()["data"]
    check(mounts["secret/"]["options"]["version"] == "2", "mounts")
    check(client.auth.token.lookup_self()["data"]["ttl"] == 0, "lookup_self")
    check(client.auth.token.renew_self()["auth"]["renewable"] is False, "renew_self")
    capabilities = client.sys.get_capabilities(["secret/data/a"])
    check("read" in capabilities["data"]["secret/data/a"], "capabilities")
    refused(exceptions.UnexpectedError, lambda: client.auth.token.create(), "token create")
    stranger = hvac.Client(url=client.url, token="a-token-that-is-not-known")
    check(not stranger.is_authenticated(), "unknown token")
    refused(exceptions.Forbidden, lambda: stranger.sys.list_mounted_secrets_engines(), "unknown token, mounts")


def transit(mount, symmetric, signing, algorithms):
    engine = client.secrets.transit
    plaintext = encoded(b"from hvac \x00\xff")
    made = engine.encrypt_data(symmetric, plaintext=plaintext, mount_point=mount)["data"]
    check(made["ciphertext"].startswith("vault:v1:"), "encrypt")
    rewrapped = engine.rewrap_data(symmetric, ciphertext=made["ciphertext"], mount_point=mount)["data"]
    read = engine.decrypt_data(symmetric, ciphertext=rewrapped["ciphertext"], mount_point=mount)["data"]
    check(read["plaintext"] == plaintext, "decrypt")
    items = [{"plaintext": plaintext}, {"plaintext": encoded(b"second")}]
    batch = engine.encrypt_data(symmetric, batch_input=items, mount_point=mount)["data"]["batch_results"]
    batch = [{"ciphertext": item["ciphertext"]} for item in batch]
    batch = engine.decrypt_data(symmetric, batch_input=batch, mount_point=mount)["data"]["batch_results"]
    check([item["plaintext"] for item in batch] == [item["plaintext"] for item in items], "batch")
    key = engine.generate_data_key(symmetric, "plaintext", mount_point=mount)["data"]
    read = engine.decrypt_data(symmetric, ciphertext=key["ciphertext"], mount_point=mount)["data"]
    check(read["plaintext"] == key["plaintext"], "data key")
    check("plaintext" not in engine.generate_data_key(symmetric, "wrapped", mount_point=mount)["data"], "wrapped key")
    for algorithm in algorithms:
        options = {"hash_algorithm": "sha2-256", "signature_algorithm": algorithm, "mount_point": mount}
        signature = engine.sign_data(signing, hash_input=encoded(b"m"), **options)["data"]["signature"]
        for data, valid in [(b"m", True), (b"n", False)]:
            verdict = engine.verify_signed_data(signing, encoded(data), signature=signature, **options)["data"]
            check(verdict["valid"] is valid, "verify")
    check(symmetric in engine.list_keys(mount_point=mount)["data"]["keys"], "list keys")
    check(engine.read_key(symmetric, mount_point=mount)["data"]["supports_encryption"], "read key")
    length = len(base64.b64decode(engine.generate_random_bytes(24, "base64", mount_point=mount)["data"]["random_bytes"]))
    check(length == 24, "random")
    call = lambda: engine.encrypt_data(symmetric, plaintext=plaintext, context=encoded(b"c"), mount_point=mount)
    refused(exceptions.InvalidRequest, call, "context")
    call = lambda: engine.export_key(symmetric, "encryption-key", mount_point=mount)
    refused(exceptions.UnexpectedError, call, "export")
    refused(exceptions.UnexpectedError, lambda: engine.rotate_key(symmetric, mount_point=mount), "rotate")


def hmac():
    engine = client.secrets.transit
    code = engine.generate_hmac("samplehmac", encoded(b"m"), algorithm="sha2-256")["data"]["hmac"]
    verdict = engine.verify_signed_data("samplehmac", encoded(b"m"), hmac=code)["data"]
    check(verdict["valid"] is True, "hmac")


def kv(mount, versioned):
    engine = client.secrets.kv.v2
    name = "from-hvac"
    made = engine.create_or_update_secret(name, {"user": "app", "password": "p\"w"}, cas=0, mount_point=mount)["data"]
    check(made["version"] == 1, "create")
    read = engine.read_secret_version(name, raise_on_deleted_version=True, mount_point=mount)["data"]
    check(read["data"] == {"user": "app", "password": "p\"w"}, "read")
    if versioned:
        engine.patch(name, {"password": "new"}, mount_point=mount)
    else:
        # hvac reads, and writes with the number of the only version as `cas`.
        refused(exceptions.InvalidRequest, lambda: engine.patch(name, {"a": "b"}, mount_point=mount), "patch")
        engine.create_or_update_secret(name, {"user": "app", "password": "new"}, mount_point=mount)
    read = engine.read_secret(name, raise_on_deleted_version=True, mount_point=mount)["data"]
    check(read["data"] == {"user": "app", "password": "new"}, "patch")
    if versioned:
        first = engine.read_secret_version(name, version=1, raise_on_deleted_version=True, mount_point=mount)
        check(first["data"]["data"]["password"] == "p\"w", "first version")
    call = lambda: engine.create_or_update_secret(name, {"a": "b"}, cas=9, mount_point=mount)
    refused(exceptions.InvalidRequest, call, "cas")
    metadata = engine.read_secret_metadata(name, mount_point=mount)["data"]
    check(metadata["current_version"] == (2 if versioned else 1), "metadata")
    check(name in engine.list_secrets("", mount_point=mount)["data"]["keys"], "list")
    check(engine.read_configuration(mount_point=mount)["data"]["cas_required"] is False, "configuration")
    call = lambda: engine.delete_latest_version_of_secret(name, mount_point=mount)
    refused(exceptions.UnexpectedError, call, "delete version")
    engine.delete_metadata_and_all_versions(name, mount_point=mount)
    gone = engine.read_secret_version(name, raise_on_deleted_version=False, mount_point=mount)
    check(gone["data"]["data"] is None and gone["data"]["metadata"]["deletion_time"], "deleted")
    call = lambda: engine.read_secret_version("never-there", raise_on_deleted_version=True, mount_point=mount)
    refused(exceptions.InvalidPath, call, "not found")


system()
transit("transit", "kmsname", "samplekey", ["pss"])
transit("nhn-transit", "sessions", "receipts", ["pss", "pkcs1v15"])
hmac()
kv("secret", True)
kv("nhn-secret", False)
print(f"{calls} calls as expected")
