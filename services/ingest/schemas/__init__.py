"""JSON Schemas of the jobs, rendered from the payload models, for producers in any language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from services.ingest.payloads import BULK_TASK, MAX_BULK_EVENTS, MAX_TASK_ID_CHARACTERS, PAYLOADS

FOLDER: Final = Path(__file__).parent
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TASK_ID: Final[dict[str, Any]] = {
    "type": "string",
    "description": "The event's identity, e.g. chain id, transaction hash and log index joined by colons.",
    "minLength": 1,
    "maxLength": MAX_TASK_ID_CHARACTERS,
    "pattern": "^[^\\u0000]*$",
}


def schemas() -> dict[str, dict[str, Any]]:
    """Schema by file name: one per payload, the bulk job's, and the envelope of every job."""
    files = {_file(task): _payload(task) for task in PAYLOADS}
    files[_file(BULK_TASK)] = _bulk()
    files["envelope.json"] = _envelope()
    return files


def render(schema: dict[str, Any]) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _file(task: str) -> str:
    return f"{task.removeprefix('ingest.')}.json"


def _payload(task: str) -> dict[str, Any]:
    return {"$schema": _DRAFT, **PAYLOADS[task].model_json_schema(by_alias=True), "title": task}


def _bulk() -> dict[str, Any]:
    item = {
        "type": "object",
        "required": ["task", "taskId"],
        "properties": {"taskId": _TASK_ID},
        "anyOf": [{"properties": {"task": {"const": task}}, "allOf": [{"$ref": _file(task)}]} for task in PAYLOADS],
    }
    return {
        "$schema": _DRAFT,
        "title": BULK_TASK,
        "description": "Many jobs in one, at most 8 MiB; a bad item is laid aside alone.",
        "type": "object",
        "required": ["events"],
        "properties": {"events": {"type": "array", "maxItems": MAX_BULK_EVENTS, "items": item}},
    }


def _envelope() -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": "job",
        "description": "The field `data` of a stream entry: at most 64 KiB, a bulk job 8 MiB.",
        "type": "object",
        "required": ["task_id", "task_name", "kwargs"],
        "properties": {
            "task_id": _TASK_ID,
            "labels": {"anyOf": [{"type": "object"}, {"type": "null"}]},
            "args": {"anyOf": [{"type": "array", "maxItems": 0}, {"type": "null"}]},
        },
        "anyOf": [
            {"properties": {"task_name": {"const": task}, "kwargs": {"$ref": _file(task)}}}
            for task in (*PAYLOADS, BULK_TASK)
        ],
    }
