"""Lets schemathesis call the sandbox: credentials, ids that exist, and what the pages contradict themselves in.

The variables are the ones that `cloud-sandbox` prints when it starts.
"""

import atexit
import base64
import collections
import hashlib
import hmac
import json
import os
import time
import urllib.request

import hypothesis
import schemathesis
from requests.auth import AuthBase

ENV = os.environ
APPKEYS = {
    "advisor": "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
    "ssc": "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
    "keymanager": "NHN_CLOUD_SKM_APP_KEY",
}
# The optimiser of hypothesis 6.170 stops some runs with an IndexError of its own; nothing here is optimised.
hypothesis.target = lambda *arguments, **named: None

document = {}
statuses = collections.Counter()


def without_deviations(node):
    """Where a page contradicts itself, `x-sdk.deviation` says so: such a field may be anything, or absent."""
    if isinstance(node, list):
        for item in node:
            without_deviations(item)
    if not isinstance(node, dict):
        return
    properties = node.get("properties")
    if isinstance(properties, dict):
        for name, schema in properties.items():
            if isinstance(schema, dict) and "deviation" in schema.get("x-sdk", {}):
                properties[name] = {}
                if name in node.get("required", []):
                    node["required"].remove(name)
    for item in node.values():
        without_deviations(item)


def with_splits(raw_schema):
    """Some paths answer another shape when a query parameter is there; OpenAPI cannot say so."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            split = operation.get("x-sdk", {}).get("split")
            if split:
                content = operation["responses"]["200"]["content"]["application/json"]
                content["schema"] = {"anyOf": [content["schema"], {"$ref": split["schema"]}]}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    document.clear()
    document.update(raw_schema["x-sdk"], version=raw_schema["info"]["version"])
    without_deviations(raw_schema)
    with_splits(raw_schema)


def known_ids(operation):
    """The examples of the path parameters, which the default seed knows."""
    path = operation.definition.raw.get("parameters", [])
    return {one["name"]: one["example"] for one in path if one["in"] == "path" and "example" in one}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """The right appkey always; ids that exist in half of the cases, so that more than 404 is seen."""
    path_parameters = dict(path_parameters or {})
    known = known_ids(context.operation)
    for name, value in path_parameters.items():
        if name.lower() == "appkey":
            path_parameters[name] = ENV[APPKEYS[context.operation.path.split("/")[1]]]
        elif name in known and hashlib.sha256(str(value).encode()).digest()[0] % 2:
            path_parameters[name] = known[name]
    return path_parameters


def nhn_token():
    if "token" not in document:
        pair = f"{ENV['NHN_CLOUD_USER_ACCESS_KEY_ID']}:{ENV['NHN_CLOUD_USER_SECRET_ACCESS_KEY']}"
        request = urllib.request.Request(
            ENV["NHN_CLOUD_ENDPOINT"] + "/oauth2/token/create",
            data=b"grant_type=client_credentials",
            headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        )
        with urllib.request.urlopen(request) as answer:
            document["token"] = json.load(answer)["access_token"]
    return document["token"]


class Credentials(AuthBase):
    """Signs the request as it goes out."""

    def __call__(self, request):
        if document["vendor"] == "nhn":
            request.headers["x-nhn-authorization"] = "Bearer " + nhn_token()
            request.headers["X-TOAST-CLIENT-MAC-ADDR"] = ENV["NHN_CLOUD_SKM_MAC_ADDRESS"]
            # Secure Key Manager 1.2 takes the key itself instead of a token.
            request.headers["X-TC-AUTHENTICATION-ID"] = ENV["NHN_CLOUD_USER_ACCESS_KEY_ID"]
            request.headers["X-TC-AUTHENTICATION-SECRET"] = ENV["NHN_CLOUD_USER_SECRET_ACCESS_KEY"]
        elif document["vendor"] == "risken":
            request.headers["Authorization"] = "Bearer " + ENV["RISKEN_ACCESS_TOKEN"]
        elif "/v1/temporarykey/" in request.url:
            self.sign(request, "Sv", ENV["SCP_VAULT_TOKEN_ID"], ENV["SCP_VAULT_TOKEN_SECRET"])
        else:
            self.sign(request, "Scp-", ENV["SCP_ACCESS_KEY"], ENV["SCP_SECRET_KEY"])
        if document["vendor"] == "scp":
            request.headers["Scp-Api-Version"] = f"{document['service']} {document['version']}"
        return request

    @staticmethod
    def sign(request, prefix, key, secret):
        now = str(int(time.time() * 1000))
        message = f"{request.method}{request.url}{now}{key}Openapi"
        digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
        for name, value in {
            "accesskey": key,
            "signature": base64.b64encode(digest).decode(),
            "timestamp": now,
            "clienttype": "Openapi",
        }.items():
            request.headers[prefix + name] = value


# Examples that the services themselves refuse: networks that are too wide, days that are over.
MENDED = {
    "acl_cidr": "127.0.0.1/32",
    "not_after_dt": "20991231",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["auth"] = Credentials()
    if isinstance(case.body, dict) and document["vendor"] == "scp":
        # What was generated from the schema alone is left as it is.
        shown = case.operation.definition.raw["requestBody"]["content"]["application/json"]["example"]
        mended = {name: value for name, value in MENDED.items() if name in shown and case.body.get(name) == shown[name]}
        case.body.update(mended)


@schemathesis.hook
def after_call(context, case, response):
    statuses[response.status_code] += 1


@atexit.register
def tell_statuses():
    print("answers by status:", ", ".join(f"{status}: {times}" for status, times in sorted(statuses.items())))


# How RISKEN fails on rows that are not there and on numbers that its table has no name for.
RISKEN_FAILURES = ("record not found", "Data truncated for column 'status'")


def is_refusal(response):
    """NHN Cloud may refuse with HTTP 200; such an envelope holds no payload, and the pages show none."""
    try:
        envelope = response.json()
    except ValueError:
        return False
    return not envelope["header"]["isSuccessful"] and envelope.get("body") is None


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """What the services are known to do is no finding."""
    if document["vendor"] == "nhn" and response.status_code == 200:
        return not is_refusal(response)
    if document["vendor"] == "risken" and response.status_code == 500:
        return not any(text in response.text for text in RISKEN_FAILURES)
    return True
