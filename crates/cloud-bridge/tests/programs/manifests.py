"""Checks the manifests of deploy/bridge.

    python3 manifests.py FOLDER

It needs the packages kubernetes-validate, which has Kubernetes' schemas, and pyyaml. For kinds without a schema there,
the fields are those of a strict list.
"""

import pathlib
import sys

import kubernetes_validate
import yaml

# The fields that each kind may have, as paths; `*` is any one.
KNOWN = {
    "EncryptionConfiguration": {
        "resources.*.resources.*",
        "resources.*.providers.*.kms.apiVersion",
        "resources.*.providers.*.kms.name",
        "resources.*.providers.*.kms.endpoint",
        "resources.*.providers.*.kms.timeout",
        "resources.*.providers.*.identity",
    },
    "SecretStore": {
        "spec.provider.vault.server",
        "spec.provider.vault.path",
        "spec.provider.vault.version",
        "spec.provider.vault.namespace",
        "spec.provider.vault.caProvider.type",
        "spec.provider.vault.caProvider.name",
        "spec.provider.vault.caProvider.key",
        "spec.provider.vault.auth.tokenSecretRef.name",
        "spec.provider.vault.auth.tokenSecretRef.key",
    },
    "ExternalSecret": {
        "spec.refreshInterval",
        "spec.secretStoreRef.name",
        "spec.secretStoreRef.kind",
        "spec.target.name",
        "spec.dataFrom.*.extract.key",
        "spec.dataFrom.*.extract.version",
    },
}
COMMON = {"apiVersion", "kind", "metadata.name", "metadata.namespace"}


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, (*path, "*"))
    else:
        yield ".".join(path)


checked = 0
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    if file.name == "sops.yaml":
        continue
    for document in yaml.safe_load_all(file.read_text()):
        kind = document["kind"]
        if kind in KNOWN:
            unknown = sorted(set(leaves(document)) - KNOWN[kind] - COMMON)
            if unknown:
                sys.exit(f"{file.name}: {kind} has unknown fields: {unknown}")
        else:
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        checked += 1
print(f"{checked} manifests as expected")
