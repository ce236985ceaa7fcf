"""The whole URL table. Every GET answers HEAD as well, and every path OPTIONS (middleware.py)."""

from __future__ import annotations

from aiohttp import web

from gateway.handlers import analytics, boards, leaderboard, people, performance, rows, status, vault, vaults

# Any segment: what is malformed is the handler's to say.
_VAULT = "/api/vaults/{id:[^/]+}"

ROUTES = (
    web.get("/health", status.get_health),
    web.get("/ready", status.get_ready),
    web.get("/api/status", status.get_status),
    web.get("/api/vaults", vaults.list_vaults),
    web.get(_VAULT, vault.get_vault),
    web.get(_VAULT + "/performance", performance.get_performance),
    web.get(_VAULT + "/history", performance.get_vault_history),
    web.get(_VAULT + "/trades", rows.list_trades),
    web.get(_VAULT + "/flows", rows.list_flows),
    web.get(_VAULT + "/followers", rows.list_followers),
    web.get(_VAULT + "/followers/{wallet:[^/]+}", people.get_follower),
    web.get("/api/users/{wallet:[^/]+}", people.get_user),
    web.get("/api/users/{wallet:[^/]+}/portfolio/history", people.get_portfolio_history),
    web.get("/api/analytics/global", analytics.get_global),
    web.get("/api/analytics/global/history", performance.get_global_history),
    web.get("/api/analytics/vault/{id:[^/]+}", analytics.get_vault),
    web.get("/api/leaderboard", leaderboard.list_leaders),
    web.get("/api/leaderboard/vaults", boards.list_vault_board),
    web.get("/api/leaderboard/rank/{id:[^/]+}", boards.get_rank),
    web.get("/api/metrics/definitions", performance.list_definitions),
)
