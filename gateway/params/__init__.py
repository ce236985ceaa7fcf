"""Parameters of requests: parsed strictly, named in errors as the caller names them, and written back canonically."""

from gateway.params.boards import leader_board_query, rank_query, vault_board_query
from gateway.params.history import asset_history_query, vault_history_query
from gateway.params.pages import (
    DEFAULT_ROWS,
    MAX_LEADERS,
    MAX_LIST_LIMIT,
    Page,
    leader_page,
    position_owner,
)
from gateway.params.paths import parse_contender, parse_vault_id, parse_wallet
from gateway.params.row_lists import flow_list_query, follower_list_query, trade_list_query
from gateway.params.vault_lists import FULL_RISK, VaultListQuery, vault_list_query

__all__ = [
    "DEFAULT_ROWS",
    "FULL_RISK",
    "MAX_LEADERS",
    "MAX_LIST_LIMIT",
    "Page",
    "VaultListQuery",
    "asset_history_query",
    "flow_list_query",
    "follower_list_query",
    "leader_board_query",
    "leader_page",
    "parse_contender",
    "parse_vault_id",
    "parse_wallet",
    "position_owner",
    "rank_query",
    "trade_list_query",
    "vault_board_query",
    "vault_history_query",
    "vault_list_query",
]
