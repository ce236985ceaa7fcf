"""HTTP around the answers: CORS, conditional requests, compression, ids, limits."""

from __future__ import annotations

import asyncio
import gzip
import json
import re

import pytest

from tests.integration import gateway_rows as rows
from tests.integration.gateway_rows import VAULT_ID
from tests.integration.gateway_stage import Stage, eventually, stage


async def test_a_request_id_is_echoed_when_it_is_well_formed():
    async with stage() as gateway:
        response, body = await gateway.ask("GET", "/api/none", X_Request_Id="a.B_c-9")
        assert (response.headers["X-Request-Id"], body["requestId"]) == ("a.B_c-9", "a.B_c-9")
        response, _ = await gateway.ask("GET", "/health", X_Request_Id="a" * 128)
        assert response.headers["X-Request-Id"] == "a" * 128


@pytest.mark.parametrize("given", ["a" * 129, "a b", "ä", "<script>", ""])
async def test_a_malformed_request_id_is_replaced(given):
    async with stage() as gateway:
        response, _ = await gateway.ask("GET", "/health", X_Request_Id=given)
    made = response.headers["X-Request-Id"]
    assert made != given
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", made)


async def test_any_origin_may_read_by_default_without_credentials():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        response, _ = await gateway.ask("GET", "/api/vaults", Origin="https://anything.example")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://app.example.evil.example", None),
        ("http://app.example", None),
        ("null", None),
    ],
)
async def test_a_list_of_origins_is_matched_exactly(origin, allowed):
    async with stage(frontend_url="https://app.example, http://localhost:3000/") as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        for _ in range(2):  # fetched, then from the cache
            response, _body = await gateway.ask("GET", "/api/vaults", Origin=origin)
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert response.headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
            assert response.headers["Vary"] == "Accept-Encoding, Origin"
        assert gateway.script.count("ListVaults") == 1


async def test_a_preflight_is_answered_with_methods_headers_and_an_age():
    async with stage(frontend_url="https://app.example") as gateway:
        response, body = await gateway.ask(
            "OPTIONS",
            f"/api/vaults/{VAULT_ID}",
            Origin="https://app.example",
            Access_Control_Request_Method="GET",
            Access_Control_Request_Headers="content-type,x-client",
        )
        assert gateway.script.calls == []
    assert (response.status, body) == (204, None)
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Headers"] == "content-type,x-client"
    assert response.headers["Access-Control-Max-Age"] == "86400"
    assert response.headers["Vary"] == "Accept-Encoding, Origin, Access-Control-Request-Headers"


@pytest.mark.parametrize("path", ["/health", "/ready", "/api/status", "/api/vaults", "/api/leaderboard"])
async def test_every_path_answers_options_and_an_unknown_one_does_not(path):
    async with stage() as gateway:
        assert (await gateway.ask("OPTIONS", path))[0].status == 204
        assert (await gateway.ask("OPTIONS", path + "x"))[0].status == 404


async def test_head_has_the_headers_of_get_and_no_body():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        for _ in range(2):
            head, nothing = await gateway.ask("HEAD", "/api/vaults", Accept_Encoding="identity")
            full, _body = await gateway.ask("GET", "/api/vaults", Accept_Encoding="identity")
            assert nothing is None
            for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Vary"):
                assert head.headers[name] == full.headers[name]
        head, _ = await gateway.ask("HEAD", "/health")
        assert head.status == 200


@pytest.mark.parametrize("cache", ["on", "off"])
async def test_an_unchanged_answer_is_304_for_every_form_of_if_none_match(cache):
    async with stage(cache=cache) as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        response, _ = await gateway.ask("GET", "/api/vaults", Accept_Encoding="identity")
        etag = response.headers["ETag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
        assert response.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
        for given in (etag, f"W/{etag}", "*", f'"other", W/{etag} , "x"'):
            response, body = await gateway.ask("GET", "/api/vaults", Accept_Encoding="identity", If_None_Match=given)
            assert (response.status, body, response.headers["ETag"]) == (304, None, etag)
            assert response.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Vary"] == "Accept-Encoding"
        for given in ('"other"', etag.strip('"'), 'W/"other"', ""):
            response, _ = await gateway.ask("GET", "/api/vaults", If_None_Match=given)
            assert response.status == 200


async def test_changed_data_have_another_etag():
    async with stage(cache="off") as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        first, _ = await gateway.ask("GET", "/api/vaults", Accept_Encoding="identity")
        gateway.script.answers["ListVaults"] = rows.vault_list(rows.vault_row(tvl="1"))
        second, _ = await gateway.ask(
            "GET", "/api/vaults", Accept_Encoding="identity", If_None_Match=first.headers["ETag"]
        )
    assert second.status == 200
    assert second.headers["ETag"] != first.headers["ETag"]


async def _wire(gateway: Stage, path: str, accept_encoding: str) -> tuple[dict[str, str], bytes]:
    """Status line and headers in lower case, and the raw body as sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: {accept_encoding}\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        head, body = (await reader.read()).split(b"\r\n\r\n", 1)
    writer.close()
    return dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


@pytest.mark.parametrize("cache", ["on", "off"])
async def test_a_large_answer_is_compressed_when_asked(cache):
    async with stage(cache=cache) as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(*[rows.vault_row() for _ in range(3)])
        plain_headers, plain = await _wire(gateway, "/api/vaults", "identity")
        assert "content-encoding" not in plain_headers
        for asked in ("gzip", "br, GZIP;q=0.5", "*"):
            headers, packed = await _wire(gateway, "/api/vaults", asked)
            assert headers["content-encoding"] == "gzip"
            assert gzip.decompress(packed) == plain
            # Other bytes, so another strong tag.
            assert headers["etag"] == plain_headers["etag"][:-1] + '-gzip"'
        for asked in ("gzip;q=0", "br", "*;q=0", "gzip;q=0.0, *", ""):
            headers, body = await _wire(gateway, "/api/vaults", asked)
            assert "content-encoding" not in headers
            assert body == plain


async def test_a_small_answer_is_not_compressed():
    async with stage() as gateway:
        gateway.script.answers["GetGlobalAnalytics"] = rows.global_figures()
        headers, body = await _wire(gateway, "/api/analytics/global", "gzip")
    assert "content-encoding" not in headers
    assert json.loads(body)["success"] is True


async def test_a_very_large_answer_is_compressed_once_for_all_who_wait():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(*[rows.vault_row() for _ in range(400)])
        answers = await asyncio.gather(*(_wire(gateway, "/api/vaults", "gzip") for _ in range(8)))
        assert gateway.script.count("ListVaults") == 1
    assert len({body for _, body in answers}) == 1
    assert len(json.loads(gzip.decompress(answers[0][1]))["data"]) == 400


async def test_every_answer_carries_the_security_headers():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        for path in ("/health", "/api/vaults", "/api/none"):
            response, _ = await gateway.ask("GET", path)
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["X-Frame-Options"] == "DENY"
            assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert response.headers["Server"] == "vaultline"
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_a_client_above_the_rate_limit_is_told_when_to_come_back():
    async with stage(rate_limit=2) as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        left = []
        for _ in range(2):
            response, _ = await gateway.ask("GET", "/api/vaults")
            left.append((response.status, response.headers["RateLimit-Limit"], response.headers["RateLimit-Remaining"]))
        assert left == [(200, "2", "1"), (200, "2", "0")]
        response, body = await gateway.ask("GET", "/api/vaults")
        assert (response.status, body["error"]["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        assert response.headers["RateLimit-Remaining"] == "0"
        assert response.headers["RateLimit-Reset"] == response.headers["Retry-After"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        # Probes and preflights are not counted.
        assert (await gateway.ask("GET", "/health"))[0].status == 200
        assert (await gateway.ask("OPTIONS", "/api/vaults"))[0].status == 204


async def test_without_a_limit_there_are_no_rate_limit_headers():
    async with stage() as gateway:
        response, _ = await gateway.ask("GET", "/api/none")
    assert not [name for name in response.headers if name.lower().startswith("ratelimit")]


async def test_a_request_under_way_is_answered_before_the_gateway_stops():
    async with stage(shutdown_grace_seconds=5) as gateway:
        gateway.script.answers["GetGlobalAnalytics"] = rows.global_figures()
        gate = gateway.script.gates["GetGlobalAnalytics"] = asyncio.Event()
        asking = asyncio.create_task(_wire(gateway, "/api/analytics/global", "identity"))
        await eventually(lambda: gateway.script.count("GetGlobalAnalytics") == 1)
        asyncio.get_running_loop().call_later(0.2, gate.set)
    _, body = await asking
    assert json.loads(body)["success"] is True
