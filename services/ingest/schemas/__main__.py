"""Writes the schema files beside this module: `python -m services.ingest.schemas`."""

from services.ingest.schemas import FOLDER, render, schemas

for name, schema in schemas().items():
    (FOLDER / name).write_text(render(schema), encoding="utf-8")
