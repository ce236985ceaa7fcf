"""The whole URL table. Every GET answers HEAD as well, and every path OPTIONS (middleware.py)."""

from __future__ import annotations

from aiohttp import web

from gateway.handlers import analytics, leaderboard, status, vaults

# Any segment: what is malformed is the handler's to say.
_VAULT = "/api/vaults/{id:[^/]+}"

ROUTES = (
    web.get("/health", status.get_health),
    web.get("/ready", status.get_ready),
    web.get("/api/status", status.get_status),
    web.get("/api/vaults", vaults.list_vaults),
    web.get(_VAULT, vaults.get_vault),
    web.get(_VAULT + "/trades", vaults.list_trades),
    web.get(_VAULT + "/followers", vaults.list_followers),
    web.get("/api/analytics/global", analytics.get_global),
    web.get("/api/analytics/vault/{id:[^/]+}", analytics.get_vault),
    web.get("/api/leaderboard", leaderboard.list_leaders),
)
