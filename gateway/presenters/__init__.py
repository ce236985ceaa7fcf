"""Protobuf answers as the public JSON, field by field: one module a subject."""

from gateway.presenters.analytics import global_analytics, vault_analytics
from gateway.presenters.boards import leader_board, rank, vault_board
from gateway.presenters.definitions import definitions
from gateway.presenters.flows import flow_list
from gateway.presenters.followers import follower_detail, follower_list
from gateway.presenters.history import global_history, vault_history
from gateway.presenters.leaderboard import leaderboard
from gateway.presenters.performance import vault_performance
from gateway.presenters.pipeline import pipeline
from gateway.presenters.trades import trade_list
from gateway.presenters.users import portfolio_history, user
from gateway.presenters.vault import VaultParts, vault_detail
from gateway.presenters.vaults import vault_list

__all__ = [
    "VaultParts",
    "definitions",
    "flow_list",
    "follower_detail",
    "follower_list",
    "global_analytics",
    "global_history",
    "leader_board",
    "leaderboard",
    "pipeline",
    "portfolio_history",
    "rank",
    "trade_list",
    "user",
    "vault_analytics",
    "vault_board",
    "vault_detail",
    "vault_history",
    "vault_list",
    "vault_performance",
]
