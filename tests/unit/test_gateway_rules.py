"""Small rules of the gateway: negotiation, entity tags, windows of the limiter, origins, stale tags."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.changes import stale_tags
from gateway.conditional import accepts_gzip, names_any
from gateway.config import GatewaySettings
from gateway.rate_limit import MAX_CLIENTS, RateLimiter
from protos.ingest.v1 import ingest_pb2


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("x-gzip", True),
        ("GZip", True),
        ("*", True),
        ("gzip;q=0.001", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0", False),
        ("gzipped", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_used_only_when_it_is_accepted(header, accepted):
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ('"a"', True),
        ('W/"a"', True),
        (' "x" , W/"b","y"', True),
        ("*", True),
        (" * ", True),
        ('"x,a,y"', False),
        ("a", False),
        ('"A"', False),
        ('"*"', False),
        ("", False),
    ],
)
def test_if_none_match_names_whole_tags(header, named):
    assert names_any(header, ('"a"', '"b"')) is named


def test_a_client_gets_its_limit_per_minute_and_a_new_one_after_it():
    now = [0.0]
    limiter = RateLimiter(2, clock=lambda: now[0])
    assert [limiter.take("a").allowed for _ in range(4)] == [True, True, False, False]
    now[0] = 59.5
    refused = limiter.take("a")
    assert (refused.allowed, refused.remaining, refused.reset_seconds) == (False, 0, 1)
    assert limiter.take("b").allowed
    now[0] = 60.0
    fresh = limiter.take("a")
    assert (fresh.allowed, fresh.remaining, fresh.reset_seconds) == (True, 1, 60)


def test_the_limiter_forgets_the_oldest_of_too_many_clients():
    limiter = RateLimiter(1, clock=lambda: 0.0)
    for number in range(MAX_CLIENTS + 1):
        limiter.take(str(number))
    assert limiter.take("0").allowed
    assert not limiter.take(str(MAX_CLIENTS)).allowed


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", None),
        (" * ", None),
        ("https://App.Example/", {"https://app.example"}),
        ("https://a.example, http://localhost:3000", {"https://a.example", "http://localhost:3000"}),
    ],
)
def test_origins_are_read_from_the_frontend_url(text, origins):
    assert GatewaySettings(frontend_url=text).allowed_origins == origins


@pytest.mark.parametrize(
    "text", ["", " ", "app.example", "https://a.example/path", "https://a.example,*", "https://*.x"]
)
def test_a_frontend_url_that_is_no_origin_is_refused(text):
    with pytest.raises(ValidationError):
        GatewaySettings(frontend_url=text)


def test_a_trade_concerns_its_vault_and_what_shows_many():
    change = ingest_pb2.Change(kind=ingest_pb2.CHANGE_KIND_TRADE, vault_id="v", user_id="u")
    assert stale_tags(change) == {"lists", "vault:v"}


def test_a_change_of_an_unknown_kind_concerns_everything():
    newer: Any = 77
    assert stale_tags(ingest_pb2.Change(kind=newer, vault_id="v")) is None
