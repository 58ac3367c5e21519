#!/usr/bin/env python3
"""Holds configs/berth.schema.json against files: what the loader takes it must take, and what the loader refuses for a
reason that a schema can express it must refuse, as an editor would.

    schema_check.py SOURCE_FOLDER BERTH

Good are configs/, examples/, tests/config/good and what `berth import` makes of tests/import/samples; wrong are the files
of tests/config/wrong, except those in `beyond`, each with the reason why no schema sees it.
"""

import json
import pathlib
import subprocess
import sys
import tomllib

try:
    import jsonschema
except ImportError:
    print("skipped: there is no python3-jsonschema")
    sys.exit(77)

source = pathlib.Path(sys.argv[1])
berth = sys.argv[2]

across = "compares values that stand in different places"
machine = "depends on the machine: other files, variables of the environment"
language = "a small language inside a string"
one_word = "a pattern of a schema cannot say plainly: but not this one"
number = "JSON has one kind of number: 8080.0 is an integer to a schema"
beyond = {
    "backoff_initial_over_max": across,
    "metrics_port_of_a_server": across,
    "backoff_initial_over_max_through_defaults": across,
    "depends_on_cycle": across,
    "depends_on_itself": across,
    "depends_on_two_cycles": across,
    "depends_on_unknown": across,
    "duration_too_long": language,
    "env_file_bad_lines": machine,
    "env_file_folder": machine,
    "env_file_missing": machine,
    "fixed_port_in_defaults": across,
    "fixed_port_twice": across,
    "name_in_both_forms": across,
    "name_of_own_log": one_word,
    "name_twice": across,
    "pattern": language,
    "placeholder": language,
    "placeholder_through_default": language,
    "port_decimal": number,
    "range_backwards": across,
    "start_concurrency_decimal": number,
    "unset_secret": machine,
    "variable_bad_value": machine,
    "variable_in_default_of_variable": machine,
    "variable_syntax": language,
    "variable_unset": machine,
    "variable_unset_at_top": machine,
    "variable_unset_in_a_duration": machine,
}

# What the TOML plugins of editors (taplo) understand.
keywords = {
    "$schema", "$ref", "title", "description", "type", "properties", "additionalProperties", "required", "items",
    "minItems", "maxItems", "enum", "const", "pattern", "minLength", "minimum", "maximum", "exclusiveMinimum", "default",
    "anyOf", "allOf", "oneOf", "not", "if", "then", "else", "propertyNames", "definitions", "uniqueItems", "maxLength",
}

schema = json.loads((source / "configs/berth.schema.json").read_text())
failures = []


def fail(text):
    failures.append(text)


def check_keywords(node, where, names=False):
    if isinstance(node, list):
        for index, item in enumerate(node):
            check_keywords(item, f"{where}/{index}")
    elif isinstance(node, dict):
        for key, value in node.items():
            if not names and key not in keywords and not key.startswith("x-taplo"):
                fail(f"the schema uses {key} at {where}")
            if key not in ("default", "enum", "const"):
                check_keywords(value, f"{where}/{key}", key in ("properties", "definitions") and not names)


def check_references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            target = schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target.get(part) if isinstance(target, dict) else None
            if target is None:
                fail(f"the schema refers to {node['$ref']}, which is not there")
        for value in node.values():
            check_references(value)
    elif isinstance(node, list):
        for value in node:
            check_references(value)


def errors_of(text):
    document = tomllib.loads(text.removeprefix("\ufeff"))
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(document)]


jsonschema.Draft7Validator.check_schema(schema)
check_keywords(schema, "#")
check_references(schema)
validator = jsonschema.Draft7Validator(schema)

good = 0


def must_pass(name, text):
    global good
    good += 1
    for error in errors_of(text):
        fail(f"{name}: good, but the schema says {error}"[:300])


for folder in ("configs", "examples", "tests/config/good"):
    for path in sorted((source / folder).rglob("*.toml")):
        if "node_modules" not in path.parts:
            must_pass(path.relative_to(source), path.read_text())
for path in sorted((source / "tests/import/samples").rglob("*")):
    if path.is_file() and path.suffix != ".expect":
        for wrapper in ("mcp-proxy", "supergateway"):
            made = subprocess.run([berth, "import", "--wrapper", wrapper, path], capture_output=True, text=True, check=False)
            if made.returncode != 0:
                fail(f"berth import {path}: {made.stderr}")
            must_pass(f"the import of {path.relative_to(source)}", made.stdout)
wrong = 0
for path in sorted((source / "tests/config/wrong").glob("*.toml")):
    wrong += 1
    try:
        errors = errors_of(path.read_bytes().decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        errors = ["no TOML"]
    if path.stem in beyond and errors:
        fail(f"{path.name}: the schema refuses it ({errors[0]}), so it is not beyond a schema"[:300])
    if path.stem not in beyond and not errors:
        fail(f"{path.name}: wrong, but the schema takes it")
for stem in beyond:
    if not (source / "tests/config/wrong" / f"{stem}.toml").exists():
        fail(f"{stem}.toml stands in the list of exceptions, and does not exist")

if good < 20 or wrong < 80:
    fail(f"only {good} good and {wrong} wrong files were found")
for text in failures:
    print(text)
print(f"{good} good and {wrong} wrong files ({len(beyond)} beyond a schema), {len(failures)} failures")
sys.exit(1 if failures else 0)
