"""The published JSON Schemas: current, and of one mind with the models."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.ingest.jobs import Rejected
from services.ingest.schemas import FOLDER, render, schemas
from tests.unit.job_examples import PAYLOADS, TX, VAULT, envelope, payload, read

ANNOTATIONS = {"$schema", "title", "description", "default"}


def load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return schema


def has_type(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    types = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}
    return isinstance(value, types[kind])


def follows(value: Any, schema: dict[str, Any]) -> bool:
    """A small validator for the keywords these schemas use; KeyError on any other, so none goes unchecked."""
    return all(CHECKS[key](value, rule, schema) for key, rule in schema.items() if key not in ANNOTATIONS)


def properties(value: Any, rules: dict[str, Any], _schema: dict[str, Any]) -> bool:
    return not isinstance(value, dict) or all(follows(value[k], rules[k]) for k in rules if k in value)


CHECKS: dict[str, Any] = {
    "type": lambda value, rule, _s: has_type(value, rule),
    "const": lambda value, rule, _s: value == rule,
    "enum": lambda value, rule, _s: value in rule,
    "pattern": lambda value, rule, _s: (
        not isinstance(value, str) or re.search(rule.replace("$", r"\Z"), value) is not None
    ),
    "minLength": lambda value, rule, _s: not isinstance(value, str) or len(value) >= rule,
    "maxLength": lambda value, rule, _s: not isinstance(value, str) or len(value) <= rule,
    "minimum": lambda value, rule, _s: not isinstance(value, int) or value >= rule,
    "maximum": lambda value, rule, _s: not isinstance(value, int) or value <= rule,
    "maxItems": lambda value, rule, _s: not isinstance(value, list) or len(value) <= rule,
    "items": lambda value, rule, _s: not isinstance(value, list) or all(follows(v, rule) for v in value),
    "required": lambda value, rule, _s: not isinstance(value, dict) or set(rule) <= value.keys(),
    "properties": properties,
    "anyOf": lambda value, rule, _s: any(follows(value, one) for one in rule),
    "allOf": lambda value, rule, _s: all(follows(value, one) for one in rule),
    "$ref": lambda value, rule, _s: follows(value, load(rule)),
}


def test_the_published_files_are_what_the_models_say():
    published = {path.name: path.read_text(encoding="utf-8") for path in Path(FOLDER).glob("*.json")}
    assert published == {name: render(schema) for name, schema in schemas().items()}


def test_every_task_the_bulk_job_and_the_envelope_have_a_schema():
    assert set(schemas()) == {
        "argus_score.json",
        "bridge.follower_event.json",
        "bridge.trade_executed.json",
        "bridge.vault_deployed.json",
        "envelope.json",
        "events.json",
        "follower_event.json",
        "profit_settled.json",
        "snapshot.json",
        "trade_executed.json",
        "vault_deployed.json",
        "vault_status.json",
    }


def both_accept(data: bytes) -> tuple[bool, bool]:
    """Whether the intake and the envelope's schema accept an entry."""
    results = read(data)
    by_intake = not any(isinstance(result, Rejected) for result in results)
    return by_intake, follows(json.loads(data), load("envelope.json"))


@pytest.mark.parametrize("task", PAYLOADS)
def test_a_valid_job_is_valid_for_intake_and_schema(task):
    assert both_accept(envelope(task, payload(task))) == (True, True)
    assert both_accept(envelope(task, payload(task, extra={"a": 1}), labels=..., args=...)) == (True, True)


def test_a_bulk_job_of_every_task_is_valid_for_intake_and_schema():
    items = [{"task": task, "taskId": f"id-{task}", **payload(task)} for task in PAYLOADS]
    assert both_accept(envelope("ingest.events", {"events": items})) == (True, True)


@pytest.mark.parametrize("task", PAYLOADS)
def test_intake_and_schema_judge_every_replaced_field_alike(task):
    hostile: list[Any] = [
        None,
        True,
        "",
        "0",
        "-1",
        "007",
        5,
        -1,
        256,
        1_001,
        10_001,
        2**31,
        2**63,
        [],
        {},
        "a\0b",
        "x" * 65,
        TX + "\n",
        "0x" + TX[2:].upper(),
        VAULT.lower(),
        VAULT + "0",
        "PAUSED",
        "WITHDRAW",
        "9" * 79,
        ...,
    ]
    future = [2**31, 2**63]
    for field in PAYLOADS[task]:
        for value in hostile:
            if field in {"timestamp", "observedAt", "triggeredAt"} and value in future:
                continue  # only the intake has a clock
            by_intake, by_schema = both_accept(envelope(task, payload(task, **{field: value})))
            assert by_intake == by_schema, (field, value)


@pytest.mark.parametrize(
    "changes",
    [{"task_id": ""}, {"task_id": ...}, {"task_name": "ingest.nothing"}, {"labels": []}, {"args": [1]}],
)
def test_a_wrong_envelope_is_wrong_for_intake_and_schema(changes):
    assert both_accept(envelope("ingest.snapshot", payload("ingest.snapshot"), **changes)) == (False, False)


@pytest.mark.parametrize(
    "item",
    [
        "text",
        {"task": "ingest.snapshot", **PAYLOADS["ingest.snapshot"]},
        {"task": "ingest.events", "taskId": "a", "events": []},
        {"task": "ingest.follower_event", "taskId": "a", **PAYLOADS["ingest.snapshot"]},
    ],
)
def test_a_wrong_bulk_item_is_wrong_for_intake_and_schema(item):
    assert both_accept(envelope("ingest.events", {"events": [item]})) == (False, False)
