"""Lists in the form that their canonical URL asks for: JSON, or CSV with the next page in a Link header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import hdrs

from gateway.answers import Answer, Responder
from gateway.csv_rows import csv_text

CSV = "text/csv; charset=utf-8"
_PREFIX = "/api/"


def listed(responder: Responder, payload: Mapping[str, Any], url: str, columns: Sequence[str], *tags: str) -> Answer:
    """The answer to the canonical URL of a list; `columns` are the flattened names of its rows' fields, in order."""
    query = dict(parse_qsl(urlsplit(url).query))
    if query.get("format") != "csv":
        return responder.ready(dict(payload), *tags)
    path = urlsplit(url).path
    name = path.removeprefix(_PREFIX).replace("/", "-")
    headers: dict[str, str] = {hdrs.CONTENT_TYPE: CSV, hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}.csv"'}
    following = _next_page(query, payload.get("pagination") or {})
    if following:
        headers[hdrs.LINK] = f'<{path}?{urlencode(following)}>; rel="next"'
    return responder.kept(csv_text(columns, payload["data"]), headers, *tags)


def _next_page(query: Mapping[str, str], pagination: Mapping[str, Any]) -> dict[str, Any] | None:
    if not pagination.get("hasMore"):
        return None
    here = {name: value for name, value in query.items() if name not in ("cursor", "offset")}
    if pagination.get("nextCursor"):
        return {**here, "cursor": pagination["nextCursor"]}
    return {**here, "offset": pagination["offset"] + pagination["limit"]}
