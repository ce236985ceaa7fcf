"""Every failure in its envelope."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from libs.errors import Conflict, InvalidArgument, NotFound, Unavailable, violation
from protos.vaults.v1 import vaults_pb2
from tests.integration import gateway_rows as rows
from tests.integration.gateway_rows import VAULT_ID
from tests.integration.gateway_stage import stage


def _field_errors(body: Any) -> list[tuple[str, str]]:
    return [(detail["field"], detail["reason"]) for detail in body["error"]["details"]]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/vaults?limit=0", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=1001", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=-1", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=1.5", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=%D9%A5", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults?limit=1&limit=2", [("limit", "must be given once")]),
        ("/api/vaults?offset=1000001", [("offset", "must be an integer from 0 to 1000000")]),
        ("/api/vaults?offset=-1", [("offset", "must be an integer from 0 to 1000000")]),
        ("/api/vaults?cursor=a%20b", [("cursor", "is not a cursor of this list")]),
        ("/api/vaults?cursor=YQ&offset=1", [("cursor", "can't be combined with offset")]),
        (
            "/api/vaults?limit=x&offset=y",
            [("limit", "must be an integer from 1 to 1000"), ("offset", "must be an integer from 0 to 1000000")],
        ),
        ("/api/leaderboard?limit=0", [("limit", "must be an integer of at least 1")]),
        ("/api/leaderboard?limit=ten", [("limit", "must be an integer of at least 1")]),
        ("/api/leaderboard?offset=-1", [("offset", "must be an integer of at least 0")]),
        (f"/api/vaults/{VAULT_ID}/trades?limit=1001", [("limit", "must be an integer from 1 to 1000")]),
        (f"/api/vaults/{VAULT_ID}/followers?limit=0", [("limit", "must be an integer from 1 to 1000")]),
        ("/api/vaults/1", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
        ("/api/vaults/0x12", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
        ("/api/vaults/%00", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
        (f"/api/vaults/{VAULT_ID}0", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
        (f"/api/vaults/{{{VAULT_ID}}}/trades", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
        ("/api/analytics/vault/0xzz", [("id", "must be a UUID or 0x followed by 40 hex digits")]),
    ],
)
async def test_a_malformed_request_is_refused_with_the_field_and_without_a_call(path, fields):
    async with stage() as gateway:
        body = await gateway.get(path, status=400)
        assert gateway.script.calls == []
    assert body["success"] is False
    assert body["error"]["code"] == "VALIDATION_ERROR"
    assert _field_errors(body) == fields
    assert body["message"] == "; ".join(f"{name} {reason}" for name, reason in fields)


@pytest.mark.parametrize(
    ("field", "public"), [("page_token", "cursor"), ("page_size", "limit"), ("skip", "offset"), ("other", "other")]
)
async def test_a_field_that_a_service_refuses_has_its_public_name(field, public):
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = violation(field, "is wrong")
        body = await gateway.get("/api/vaults?cursor=YQ", status=400)
    assert (body["error"]["code"], _field_errors(body)) == ("VALIDATION_ERROR", [(public, "is wrong")])


@pytest.mark.parametrize(
    ("raised", "status", "code", "message"),
    [
        (NotFound("vaults.vault has no row", reason="VAULT_NOT_FOUND"), 404, "VAULT_NOT_FOUND", "vault not found"),
        (NotFound("row", reason="THING_NOT_FOUND"), 404, "THING_NOT_FOUND", "not found"),
        (Conflict("key", reason="TAKEN"), 409, "TAKEN", "the request contradicts the present state"),
        (InvalidArgument([]), 400, "VALIDATION_ERROR", "request invalid request"),
        (RuntimeError("SELECT secret FROM db.internal"), 500, "INTERNAL", "internal error"),
    ],
)
async def test_a_services_error_becomes_its_http_status_without_its_text(raised, status, code, message):
    async with stage() as gateway:
        gateway.script.answers["GetVaultAnalytics"] = raised
        body = await gateway.get(f"/api/analytics/vault/{VAULT_ID}", status=status)
    request_id = body.pop("requestId")
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", request_id)
    details = [{"field": "request", "reason": "invalid request"}] if status == 400 else []
    assert body == {"success": False, "message": message, "error": {"code": code, "details": details}}


async def test_an_unknown_vault_is_not_found_even_when_its_trades_hang():
    async with stage() as gateway:
        gateway.script.answers["GetVault"] = NotFound("x", reason="VAULT_NOT_FOUND")
        gateway.script.answers["ListTrades"] = rows.trade_rows()
        gateway.script.gates["ListTrades"] = asyncio.Event()
        async with asyncio.timeout(3):
            body = await gateway.get(f"/api/vaults/{VAULT_ID}", status=404)
    assert body["error"]["code"] == "VAULT_NOT_FOUND"


async def test_a_service_that_is_away_is_503_and_comes_back():
    async with stage(frontend_url="https://app.example") as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        await gateway.vaults.stop()
        response, body = await gateway.ask("GET", "/api/vaults", Origin="https://app.example")
        assert (response.status, body["error"]["code"]) == (503, "UPSTREAM_UNAVAILABLE")
        assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert response.headers["Cache-Control"] == "no-store"
        assert "127.0.0.1" not in json.dumps(body)
        await gateway.vaults.start()
        async with asyncio.timeout(8):
            while (await gateway.ask("GET", "/api/vaults"))[0].status != 200:
                await asyncio.sleep(0.05)


async def test_a_service_that_says_unavailable_is_503():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = Unavailable("pool is empty at 10.0.0.7", reason="DATABASE_AWAY")
        body = await gateway.get("/api/vaults", status=503)
    assert body["error"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert "10.0.0.7" not in json.dumps(body)


async def test_a_service_that_is_too_slow_is_504():
    async with stage(request_timeout_seconds=0.1) as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        gateway.script.gates["ListVaults"] = asyncio.Event()
        body = await gateway.get("/api/vaults", status=504)
    assert body["error"]["code"] == "UPSTREAM_TIMEOUT"


async def test_an_unknown_route_is_404_in_the_envelope():
    async with stage() as gateway:
        body = await gateway.get("/api/nothing", status=404)
        await gateway.get("/api/vaults/", status=404)
    assert body["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_method_that_is_not_allowed_is_405_with_allow(method):
    async with stage() as gateway:
        response, body = await gateway.ask(method, "/api/vaults")
    assert (response.status, body["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_body_that_is_too_large_is_413():
    async with (
        stage(max_body_bytes=10) as gateway,
        gateway.session.post(gateway.url + "/api/vaults", data=b"x" * 11) as response,
    ):
        assert response.status == 413
        assert (await response.json())["error"]["code"] == "PAYLOAD_TOO_LARGE"


async def _raw(port: int, request: bytes) -> tuple[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
        head, body = (await reader.read()).split(b"\r\n\r\n", 1)
    writer.close()
    return head.decode(), json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /?" + b"a" * 1_100 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414", "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 1_100 + b"\r\n\r\n", "431", "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 200 + b"\r\n", "431", "HEADERS_TOO_LARGE"),
        (b"nonsense\r\n\r\n", "400", "BAD_REQUEST"),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", "400", "BAD_REQUEST"),
    ],
)
async def test_what_the_parser_refuses_is_answered_in_the_envelope(request_bytes, status, code):
    async with stage(max_url_bytes=1_024, max_header_bytes=1_024) as gateway:
        head, body = await _raw(gateway.port, request_bytes)
    assert head.split(" ")[1] == status
    assert "access-control-allow-origin: *" in head.lower()
    assert body["error"]["code"] == code
    assert f"x-request-id: {body['requestId']}" in head.lower()


async def test_an_answer_that_cannot_be_presented_is_500_without_a_trace():
    async with stage() as gateway:
        broken = vaults_pb2.ListVaultsResponse(vaults=[rows.vault_row(roi_pct="not a number")])
        gateway.script.answers["ListVaults"] = broken
        body = await gateway.get("/api/vaults", status=500)
    assert (body["error"]["code"], body["message"]) == ("INTERNAL", "internal error")
    assert "Traceback" not in json.dumps(body)
