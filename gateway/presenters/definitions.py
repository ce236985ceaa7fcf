"""What every figure means as the public JSON."""

from __future__ import annotations

from gateway.presenters.envelope import Json
from protos.analytics.v1 import performance_pb2


def definitions(response: performance_pb2.ListDefinitionsResponse) -> Json:
    """GET /api/metrics/definitions."""
    rows = [
        {
            "name": row.name,
            "formula": row.formula,
            "unit": row.unit,
            "nullReasons": list(row.null_reasons),
            "windowed": row.windowed,
            "version": row.version,
        }
        for row in response.definitions
    ]
    data = {
        "version": response.version,
        "windows": list(response.windows),
        "definitions": rows,
        "nullReasons": dict(sorted(response.null_reasons.items())),
    }
    return {"success": True, "data": data}
