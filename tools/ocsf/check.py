#!/usr/bin/env python3
"""Checks OCSF events against the schema of the version that they name: JSON Lines on standard input.

    pip install -r tools/ocsf/requirements.txt
    tools/ocsf/check.py < findings.jsonl

Beyond the schema it checks what the schema cannot: that times are milliseconds, that captions are those of the numbers
beside them, that no attribute is deprecated, and that class, category and type agree. The summary of a report, its last line, is skipped.
"""

import json
import sys
from functools import lru_cache

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

SUMMARY = "cloud_findings_summary"

# The years 2000 and 2100 in milliseconds. Seconds of our time are far below, microseconds far above.
EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000


@lru_cache(maxsize=None)
def schema(version):
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version))


@lru_cache(maxsize=None)
def validator(version, class_uid, profiles):
    own = schema(version)
    name = own.lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(own.get_class_schema(name, list(profiles)))


def attributes(version, kind, name):
    return schema(version).schema.schema[kind][name]["attributes"]


def beyond_the_schema(version, known, value, path, wrong):
    """Walks an object beside its attributes in the schema."""
    for name, member in value.items():
        attribute = known.get(name)
        if attribute is None:
            continue
        here = f"{path}.{name}"
        if "@deprecated" in attribute:
            wrong.append(f"{here}: deprecated since {attribute['@deprecated'].get('since')}")
        for item in member if isinstance(member, list) else [member]:
            if attribute["type"] == "timestamp_t" and not EARLIEST <= item <= LATEST:
                wrong.append(f"{here}: {item} is not a time of this century in milliseconds")
            if isinstance(item, dict) and "object_type" in attribute and attribute["object_type"] != "object":
                inner = attributes(version, "objects", attribute["object_type"])
                beyond_the_schema(version, inner, item, here, wrong)
        captions, sibling = attribute.get("enum"), attribute.get("sibling")
        if captions and sibling in value and member != 99:
            wanted = captions.get(str(member), {}).get("caption")
            if value[sibling] != wanted:
                wrong.append(f"{path}.{sibling}: {value[sibling]!r}, but {name} {member} is {wanted!r}")


def check(event):
    """Returns what is wrong with an event, as texts."""
    version = event["metadata"]["version"]
    profiles = tuple(sorted(event["metadata"].get("profiles", [])))
    errors = validator(version, event["class_uid"], profiles).iter_errors(event)
    wrong = [f"{error.json_path}: {error.message[:200]}" for error in errors]
    name = schema(version).lookup_class_name_from_uid(event["class_uid"])
    beyond_the_schema(version, attributes(version, "classes", name), event, "$", wrong)
    if event["category_uid"] != event["class_uid"] // 1000:
        wrong.append("$.category_uid: not that of the class")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        wrong.append("$.type_uid: not that of class and activity")
    return wrong


def main():
    count, failures = 0, 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        event = json.loads(line)
        if SUMMARY in event:
            continue
        count += 1
        for text in check(event):
            failures += 1
            print(f"line {number}: {text}")
    if failures:
        sys.exit(1)
    print(f"{count} events are valid")


if __name__ == "__main__":
    main()
