"""Calls the plugin for Kubernetes with grpcio, as the API server does.

    SOCKET=/path/to/kms.sock python3 grpc_client.py

It needs the packages grpcio and protobuf. The messages are those of Kubernetes'
staging/src/k8s.io/kms/apis/v2/api.proto, described here because no generated code is at hand.
"""

import os
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

BYTES, STRING = 12, 9
MESSAGES = {
    "StatusRequest": [],
    "StatusResponse": [("version", 1, STRING), ("healthz", 2, STRING), ("key_id", 3, STRING)],
    "EncryptRequest": [("plaintext", 1, BYTES), ("uid", 2, STRING)],
    "EncryptResponse": [("ciphertext", 1, BYTES), ("key_id", 2, STRING)],
    "DecryptRequest": [("ciphertext", 1, BYTES), ("uid", 2, STRING), ("key_id", 3, STRING)],
    "DecryptResponse": [("plaintext", 1, BYTES)],
}

file = descriptor_pb2.FileDescriptorProto(name="api.proto", package="v2", syntax="proto3")
for name, fields in MESSAGES.items():
    message = file.message_type.add(name=name)
    for field, number, kind in fields:
        message.field.add(name=field, number=number, type=kind, label=1)
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
types = {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"v2.{name}")) for name in MESSAGES}

# The API server sets this authority, too; the default is the path, which HTTP/2 does not allow there.
options = [("grpc.default_authority", "localhost")]
channel = grpc.insecure_channel("unix:" + os.environ["SOCKET"], options)


def call(method, **fields):
    request, response = types[f"{method}Request"], types[f"{method}Response"]
    stub = channel.unary_unary(
        f"/v2.KeyManagementService/{method}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    return stub(request(**fields), timeout=3)


status = call("Status")
if (status.version, status.healthz) != ("v2", "ok"):
    sys.exit(f"not as expected: {status}")
for seed in (bytes(range(32)), b"\x00"):
    made = call("Encrypt", plaintext=seed, uid="one")
    if made.key_id != status.key_id or len(made.ciphertext) > 1000:
        sys.exit("not as expected: encrypt")
    if call("Decrypt", ciphertext=made.ciphertext, key_id=made.key_id, uid="two").plaintext != seed:
        sys.exit("not as expected: decrypt")
try:
    call("Decrypt", ciphertext=b"of another plugin", key_id="a", uid="three")
    sys.exit("not as expected: a ciphertext of another plugin")
except grpc.RpcError as error:
    if error.code() != grpc.StatusCode.INVALID_ARGUMENT:
        sys.exit(f"not as expected: {error}")
print("6 calls as expected")
