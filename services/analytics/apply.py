"""Applying events and rewinding: what happens within one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from libs.database import Connection
from libs.events import Event, Kind
from libs.identifiers import Address, VaultId, user_id
from libs.registry.apply import register, remove_orphaned, remove_unnamed
from libs.registry.repository import save_orphaned
from libs.registry.rewind import Rewind
from libs.results import ApplyResult, Key, answer, key_of
from services.analytics.domain import LedgerEntry, Performance, TradeResult, entry_of, figures_of, follower_of
from services.analytics.fold import apply_entry, fold
from services.analytics.followers import FollowerState
from services.analytics.ledger import Trade
from services.analytics.repository import figures, fold_state, ledger
from services.analytics.repository.fold_state import Pair
from services.analytics.state import VaultState


@dataclass(frozen=True, slots=True)
class Applied:
    """One result per event, and the figures of every vault that the events name."""

    results: list[ApplyResult]
    performances: list[Performance]


@dataclass(frozen=True, slots=True)
class Rewound:
    """What a rewind took back, and the figures of the vaults that lost events and still exist."""

    event_count: int
    removed_vaults: list[Address]
    performances: list[Performance]


@dataclass(slots=True)
class Folded:
    """What folding changed."""

    states: dict[VaultId, VaultState] = field(default_factory=dict)
    followers: dict[Pair, FollowerState] = field(default_factory=dict)
    results: dict[tuple[VaultId, str], TradeResult] = field(default_factory=dict)


async def apply_events(conn: Connection, chain_id: int, events: Sequence[Event]) -> Applied:
    """Apply events of any order and grouping; results in the order given."""
    registered = await register(conn, chain_id, events)
    trades = [event for event in registered.ready if event.kind is Kind.TRADE]
    stored_trades = await _stored_trades(conn, registered.vaults, trades)
    new_trades = [event for event in trades if key_of(event) not in stored_trades]
    inserted = registered.inserted | {key_of(event) for event in new_trades}
    fresh = _entries(registered.vaults, [event for event in registered.ready if key_of(event) in inserted])
    folded = await _fold(conn, fresh, registered.renewed)
    if new_trades:
        rows = [(registered.vaults[event.vault], event) for event in new_trades if event.vault]
        await ledger.insert_trades(conn, rows, folded.results)
    await _save(conn, chain_id, folded)
    results = answer(
        events,
        known=registered.vaults,
        inserted=inserted,
        stored={**registered.stored, **stored_trades},
        orphaned=registered.orphaned,
    )
    return Applied(results, await figures.list_performances(conn, sorted(set(registered.vaults.values()))))


async def _stored_trades(
    conn: Connection, vaults: Mapping[Address, VaultId], trades: Iterable[Event]
) -> dict[Key, bytes]:
    rows = [(vaults[event.vault], event) for event in trades if event.vault]
    if not rows:
        return {}
    digests = await ledger.find_trade_digests(conn, [v for v, _ in rows], [e.identity for _, e in rows])
    return {key_of(event): digests[v, event.identity] for v, event in rows if (v, event.identity) in digests}


def _entries(vaults: Mapping[Address, VaultId], events: Iterable[Event]) -> dict[VaultId, list[LedgerEntry]]:
    """New ledger entries of each vault, in order."""
    entries: dict[VaultId, list[LedgerEntry]] = defaultdict(list)
    for event in events:
        entry = entry_of(event)
        if entry is not None and event.vault:
            entries[vaults[event.vault]].append(LedgerEntry(event.identity, entry))
    for rows in entries.values():
        rows.sort(key=_place)
    return entries


def _place(row: LedgerEntry) -> tuple[object, ...]:
    # Keys are unique but for producers that reuse a transaction hash as a task id.
    return (*row.entry.key, row.identity)


async def _fold(
    conn: Connection, fresh: Mapping[VaultId, Sequence[LedgerEntry]], renewed: Collection[VaultId]
) -> Folded:
    """Fold new entries: behind a vault's last one they cost O(1) each, before it the vault is folded again."""
    states = await fold_state.load_states(conn, sorted(fresh))
    late = set(renewed)
    for vault, rows in fresh.items():
        last_key = states[vault].last_key if vault in states else None
        if last_key is not None and rows[0].entry.key <= last_key:
            late.add(vault)
    folded = Folded()
    in_order = {vault: rows for vault, rows in fresh.items() if vault not in late}
    await _append(conn, in_order, states, folded)
    for vault in sorted(late):
        await _refold(conn, vault, fresh.get(vault, ()), folded)
    return folded


async def _append(
    conn: Connection,
    fresh: Mapping[VaultId, Sequence[LedgerEntry]],
    states: Mapping[VaultId, VaultState],
    folded: Folded,
) -> None:
    named = {(vault, wallet) for vault, rows in fresh.items() for row in rows if (wallet := follower_of(row.entry))}
    known = await fold_state.load_followers(conn, sorted(named)) if named else {}
    base_assets = await fold_state.list_base_assets(conn, sorted(fresh))
    for vault, rows in fresh.items():
        state = states.get(vault) or VaultState()
        followers = known.get(vault, {})
        for row in rows:
            result = apply_entry(state, followers, row.entry, base_assets[vault])
            if isinstance(row.entry, Trade):
                folded.results[vault, row.identity] = TradeResult.of(result)
        folded.states[vault] = state
        folded.followers.update({(vault, Address(wallet)): follower for wallet, follower in followers.items()})


async def _refold(conn: Connection, vault: VaultId, fresh: Sequence[LedgerEntry], folded: Folded) -> None:
    """Fold a vault from its whole ledger; of the trades that were there, only changed results are written."""
    rows = await ledger.list_ledger(conn, vault)
    # Flows are in the ledger already, new trades are not.
    rows += [row for row in fresh if isinstance(row.entry, Trade)]
    rows.sort(key=_place)
    base_asset = (await fold_state.list_base_assets(conn, [vault]))[vault]
    whole = fold((row.entry for row in rows), base_asset)
    changed: dict[tuple[VaultId, str], TradeResult] = {}
    for row, (_, result) in zip(rows, whole.steps, strict=True):
        if isinstance(row.entry, Trade):
            outcome = TradeResult.of(result)
            if row.stored is None:
                folded.results[vault, row.identity] = outcome
            elif row.stored != outcome:
                changed[vault, row.identity] = outcome
    if changed:
        await ledger.update_trade_results(conn, changed)
    await fold_state.delete_followers(conn, vault)
    folded.states[vault] = whole.state
    folded.followers.update({(vault, Address(wallet)): f for wallet, f in whole.followers.items()})


async def _save(conn: Connection, chain_id: int, folded: Folded) -> None:
    if folded.followers:
        rows = {pair: (user_id(chain_id, pair[1]), state) for pair, state in folded.followers.items()}
        await fold_state.save_followers(conn, rows)
    if folded.states:
        await fold_state.save_states(conn, folded.states)
        await fold_state.save_figures(conn, {vault: figures_of(s) for vault, s in folded.states.items()})


async def rewind(conn: Connection, chain_id: int, wanted: Rewind) -> Rewound:
    """Take back everything derived from orphaned blocks, and refuse what still comes of them.

    A vault that loses its last deployment loses all its events too: it is unknown again, as in a fresh index.
    """
    blocks = wanted.orphaned
    await save_orphaned(conn, blocks, wanted.reinstated)
    of_trades = await ledger.find_vaults_of_trades(conn, blocks)
    orphaned = await remove_orphaned(conn, wanted, also_concerned=of_trades)
    removed_trades = await ledger.delete_orphaned_trades(conn, blocks)
    concerned = of_trades | {vault for vault, _ in orphaned.pairs} | orphaned.undeployed | orphaned.restated
    removed_vaults = await remove_unnamed(conn, orphaned)
    removed_trades += await ledger.delete_trades_of_unknown_vaults(conn, sorted(orphaned.undeployed))
    await fold_state.delete_states_of_unknown_vaults(conn, sorted(orphaned.undeployed))
    folded = Folded()
    for vault in await fold_state.list_base_assets(conn, sorted(concerned)):
        await _refold(conn, vault, (), folded)
    await _save(conn, chain_id, folded)
    performances = await figures.list_performances(conn, sorted(folded.states))
    return Rewound(orphaned.event_count + removed_trades, removed_vaults, performances)
