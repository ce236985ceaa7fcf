"""SQL of the ledger: trades with their results, and reading a vault's entries back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libs.database import Connection
from libs.events import NO_BLOCK, Event, Kind, OrderKey, OrphanedBlock, Trade
from libs.identifiers import VaultId, trade_id
from libs.registry.repository import event_columns
from libs.registry.rewind_repository import block_columns
from services.analytics import ledger
from services.analytics.domain import LedgerEntry, TradeResult
from services.analytics.ledger import Entry


async def find_trade_digests(
    conn: Connection, vault_ids: Sequence[VaultId], identities: Sequence[str]
) -> dict[tuple[VaultId, str], bytes]:
    """Digest of each stored trade among these (vault id, identity) pairs."""
    cursor = await conn.execute(
        """
        SELECT vault_id, identity, digest FROM trades
        JOIN unnest(%(vault_ids)s::uuid[], %(ids)s::uuid[]) AS w (vault_id, id) USING (vault_id, id)
        """,
        {"vault_ids": list(vault_ids), "ids": [trade_id(identity) for identity in identities]},
    )
    return {(VaultId(vault), identity): digest for vault, identity, digest in await cursor.fetchall()}


async def insert_trades(
    conn: Connection, rows: Sequence[tuple[VaultId, Event]], results: Mapping[tuple[VaultId, str], TradeResult]
) -> None:
    """Add new trades with what the fold made of them."""
    bodies = [event.body for _, event in rows if isinstance(event.body, Trade)]
    outcomes = [results[vault, event.identity] for vault, event in rows]
    await conn.execute(
        """
        INSERT INTO trades (
            vault_id, id, identity, asset_in, asset_out, amount_in, amount_out, pnl_override, input_unpaid,
            event_time, time_assumed, block_order, log_order, source, transaction_hash, block_hash, digest,
            pnl, is_close, volume, flags
        )
        SELECT vault_id, id, identity, asset_in, asset_out, amount_in, amount_out, pnl_override, input_unpaid,
            event_time, time_assumed, block_order, log_order, source, transaction_hash, block_hash, digest,
            pnl, is_close, volume, string_to_array(flags, ',')
        FROM unnest(
            %(vault_ids)s::uuid[], %(ids)s::uuid[], %(identities)s::text[], %(assets_in)s::text[],
            %(assets_out)s::text[], %(amounts_in)s::numeric[], %(amounts_out)s::numeric[], %(overrides)s::numeric[],
            %(unpaid)s::boolean[], %(times)s::timestamptz[], %(assumed)s::boolean[], %(blocks)s::bigint[],
            %(logs)s::integer[], %(sources)s::text[], %(transactions)s::text[], %(block_hashes)s::text[],
            %(digests)s::bytea[], %(pnls)s::numeric[], %(closes)s::boolean[], %(volumes)s::numeric[],
            %(flags)s::text[]
        ) AS n (
            vault_id, id, identity, asset_in, asset_out, amount_in, amount_out, pnl_override, input_unpaid,
            event_time, time_assumed, block_order, log_order, source, transaction_hash, block_hash, digest,
            pnl, is_close, volume, flags
        )
        """,
        {
            "vault_ids": [vault for vault, _ in rows],
            "ids": [trade_id(event.identity) for _, event in rows],
            "assets_in": [body.asset_in for body in bodies],
            "assets_out": [body.asset_out for body in bodies],
            "amounts_in": [str(body.amount_in) for body in bodies],
            "amounts_out": [None if body.amount_out is None else str(body.amount_out) for body in bodies],
            "overrides": [None if body.pnl_override is None else str(body.pnl_override) for body in bodies],
            "unpaid": [body.input_unpaid for body in bodies],
            "assumed": [event.time_assumed for _, event in rows],
            "transactions": [event.transaction_hash for _, event in rows],
            **event_columns([event for _, event in rows]),
            **_result_columns(outcomes),
        },
    )


async def update_trade_results(conn: Connection, results: Mapping[tuple[VaultId, str], TradeResult]) -> None:
    """Write what the fold makes of trades now."""
    keys = list(results)
    await conn.execute(
        """
        UPDATE trades SET pnl = n.pnl, is_close = n.is_close, volume = n.volume,
            flags = string_to_array(n.flags, ',')
        FROM unnest(
            %(vault_ids)s::uuid[], %(ids)s::uuid[], %(pnls)s::numeric[], %(closes)s::boolean[],
            %(volumes)s::numeric[], %(flags)s::text[]
        ) AS n (vault_id, id, pnl, is_close, volume, flags)
        WHERE trades.vault_id = n.vault_id AND trades.id = n.id
        """,
        {
            "vault_ids": [vault for vault, _ in keys],
            "ids": [trade_id(identity) for _, identity in keys],
            **_result_columns([results[key] for key in keys]),
        },
    )


def _result_columns(results: Sequence[TradeResult]) -> dict[str, list[object]]:
    return {
        "pnls": [str(result.pnl) for result in results],
        "closes": [result.is_close for result in results],
        "volumes": [str(result.volume) for result in results],
        # unnest can't make rows of arrays; flags hold no comma, and '' becomes an empty array.
        "flags": [",".join(result.flags) for result in results],
    }


async def list_ledger(conn: Connection, vault: VaultId) -> list[LedgerEntry]:
    """All entries of a vault, in no order; flows of 0 are none."""
    return await _list_trades(conn, vault) + await _list_flows(conn, vault)


async def _list_trades(conn: Connection, vault: VaultId) -> list[LedgerEntry]:
    cursor = await conn.execute(
        """
        SELECT identity, extract(epoch FROM event_time)::bigint, block_order, log_order, source, time_assumed,
            asset_in, asset_out, amount_in::text, amount_out::text, pnl_override::text, input_unpaid,
            pnl::text, is_close, volume::text, flags
        FROM trades WHERE vault_id = %(vault)s
        """,
        {"vault": vault},
    )
    return [
        LedgerEntry(
            identity,
            ledger.Trade(
                OrderKey(time, block, log, source, Kind.TRADE, ""),
                asset_in,
                asset_out,
                int(amount_in),
                None if amount_out is None else int(amount_out),
                None if override is None else int(override),
                unpaid,
                assumed,
            ),
            TradeResult(int(pnl), is_close, int(volume), tuple(flags)),
        )
        for (
            identity, time, block, log, source, assumed, asset_in, asset_out, amount_in, amount_out, override,
            unpaid, pnl, is_close, volume, flags,
        ) in await cursor.fetchall()
    ]  # fmt: skip


async def _list_flows(conn: Connection, vault: VaultId) -> list[LedgerEntry]:
    cursor = await conn.execute(
        """
        SELECT identity, kind, extract(epoch FROM event_time)::bigint, block_order, log_order, source, time_assumed,
            wallet_address, amount::text, profit::text, leader_cut::text, protocol_cut::text
        FROM flows WHERE vault_id = %(vault)s AND (amount > 0 OR kind = %(settled)s)
        """,
        {"vault": vault, "settled": int(Kind.SETTLEMENT)},
    )
    return [
        LedgerEntry(
            identity,
            _flow_entry(
                OrderKey(time, block, log, source, Kind(kind), wallet.lower()), wallet, amounts, assumed=assumed
            ),
        )
        for identity, kind, time, block, log, source, assumed, wallet, *amounts in await cursor.fetchall()
    ]


def _flow_entry(key: OrderKey, wallet: str, amounts: Sequence[str | None], *, assumed: bool) -> Entry:
    amount, profit, leader_cut, protocol_cut = (int(text or 0) for text in amounts)
    if key.kind is Kind.SETTLEMENT:
        return ledger.Settlement(key, wallet, profit, leader_cut, protocol_cut, amount, assumed)
    kind = ledger.Deposit if key.kind is Kind.DEPOSIT else ledger.Withdrawal
    return kind(key, wallet, amount, assumed)


async def find_vaults_of_trades(conn: Connection, blocks: Sequence[OrphanedBlock]) -> set[VaultId]:
    """Vaults with a trade in these blocks."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT vault_id FROM trades
        WHERE block_order = ANY(%(numbers)s::bigint[] || %(no_block)s::bigint) AND block_hash = ANY(%(hashes)s)
        """,
        block_columns(blocks),
    )
    return {VaultId(row[0]) for row in await cursor.fetchall()}


async def delete_orphaned_trades(conn: Connection, blocks: Sequence[OrphanedBlock]) -> int:
    """Remove the trades of orphaned blocks; returns how many."""
    cursor = await conn.execute(
        """
        DELETE FROM trades
        WHERE block_order = ANY(%(numbers)s::bigint[] || %(no_block)s::bigint) AND block_hash = ANY(%(hashes)s)
        """,
        block_columns(blocks),
    )
    return cursor.rowcount


async def delete_trades_of_unknown_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> int:
    """Remove all trades of those vaults that are unknown now; returns how many."""
    cursor = await conn.execute(
        """
        DELETE FROM trades
        WHERE vault_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = trades.vault_id)
        """,
        {"ids": list(vault_ids)},
    )
    return cursor.rowcount


def missing_as_none(block_order: int) -> int | None:
    """A stored block number; None where it is unknown."""
    return None if block_order == NO_BLOCK else block_order
