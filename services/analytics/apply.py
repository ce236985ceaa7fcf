"""Applying events and rewinding: what happens within one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from libs.database import Connection
from libs.events import Event, Kind
from libs.identifiers import Address, VaultId, user_id
from libs.registry.apply import register, remove_orphaned, remove_unnamed
from libs.registry.repository import lock_vaults, save_orphaned
from libs.registry.rewind import Rewind
from libs.results import ApplyResult, Key, answer, key_of
from services.analytics.domain import LedgerEntry, Performance, TradeResult, entry_of, figures_of
from services.analytics.domain import follower_of as wallet_of
from services.analytics.fold import EntryResult, apply_entry
from services.analytics.followers import FollowerState
from services.analytics.ledger import Entry, Trade
from services.analytics.point_rows import FollowerPoint, PointRow, follower_point
from services.analytics.points import point_of
from services.analytics.refold import ledger_place
from services.analytics.repository import figures, fold_state, follower_points, ledger, points
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
    """What folding changed; of vaults that were folded again, the new points come in the place of old ones."""

    chain_id: int
    states: dict[VaultId, VaultState] = field(default_factory=dict)
    followers: dict[Pair, FollowerState] = field(default_factory=dict)
    results: dict[tuple[VaultId, str], TradeResult] = field(default_factory=dict)
    points: dict[VaultId, list[PointRow]] = field(default_factory=dict)
    follower_points: list[FollowerPoint] = field(default_factory=list)
    refolded: set[VaultId] = field(default_factory=set)

    def step(
        self, vault: VaultId, state: VaultState, followers: dict[str, FollowerState], entry: Entry, base_asset: str
    ) -> EntryResult:
        """Fold the next entry of a vault."""
        result = apply_entry(state, followers, entry, base_asset)
        row = PointRow(state.entries, point_of(state), result.owned_by_flow)
        self.points.setdefault(vault, []).append(row)
        wallet = wallet_of(entry)
        if wallet is not None and wallet in followers:
            user = user_id(self.chain_id, wallet)
            self.follower_points.append(follower_point(vault, user, followers[wallet], state))
        return result


async def apply_events(conn: Connection, chain_id: int, events: Sequence[Event]) -> Applied:
    """Apply events of any order and grouping; results in the order given."""
    registered = await register(conn, chain_id, events)
    trades = [event for event in registered.ready if event.kind is Kind.TRADE]
    stored_trades = await _stored_trades(conn, registered.vaults, trades)
    new_trades = [event for event in trades if key_of(event) not in stored_trades]
    inserted = registered.inserted | {key_of(event) for event in new_trades}
    fresh = _entries(registered.vaults, [event for event in registered.ready if key_of(event) in inserted])
    folded = await _fold(conn, fresh, registered.renewed, Folded(chain_id))
    if new_trades:
        rows = [(registered.vaults[event.vault], event) for event in new_trades if event.vault]
        await ledger.insert_trades(conn, rows, folded.results)
    await _save(conn, folded)
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
        rows.sort(key=ledger_place)
    return entries


async def _fold(
    conn: Connection,
    fresh: Mapping[VaultId, Sequence[LedgerEntry]],
    renewed: Collection[VaultId],
    folded: Folded,
) -> Folded:
    """Fold new entries: behind a vault's last one they cost O(1) each, before it the vault is folded again."""
    states = await fold_state.load_states(conn, sorted(fresh))
    late = set(renewed)
    for vault, rows in fresh.items():
        last_key = states[vault].last_key if vault in states else None
        if last_key is not None and rows[0].entry.key <= last_key:
            late.add(vault)
    in_order = {vault: rows for vault, rows in fresh.items() if vault not in late}
    await _append(conn, in_order, states, folded)
    for vault in sorted(late):
        rows = fresh.get(vault, ())
        first = None if vault in renewed or not rows else rows[0]
        await _refold(conn, vault, rows, folded, since=first)
    return folded


async def _append(
    conn: Connection,
    fresh: Mapping[VaultId, Sequence[LedgerEntry]],
    states: Mapping[VaultId, VaultState],
    folded: Folded,
) -> None:
    named = {(vault, wallet) for vault, rows in fresh.items() for row in rows if (wallet := wallet_of(row.entry))}
    known = await fold_state.load_followers(conn, sorted(named)) if named else {}
    base_assets = await fold_state.list_base_assets(conn, sorted(fresh))
    for vault, rows in fresh.items():
        state = states.get(vault) or VaultState()
        followers = known.get(vault, {})
        for row in rows:
            result = folded.step(vault, state, followers, row.entry, base_assets[vault])
            if isinstance(row.entry, Trade):
                folded.results[vault, row.identity] = TradeResult.of(result)
        folded.states[vault] = state
        folded.followers.update({(vault, Address(wallet)): follower for wallet, follower in followers.items()})


async def _refold(
    conn: Connection,
    vault: VaultId,
    fresh: Sequence[LedgerEntry],
    folded: Folded,
    *,
    since: LedgerEntry | None = None,
) -> None:
    """Fold a vault from its whole ledger; nothing changed before `since`, when that is given.

    Of the trades that were there, only changed results are written.
    """
    rows = await ledger.list_ledger(conn, vault)
    # Flows are in the ledger already, new trades are not.
    rows += [row for row in fresh if isinstance(row.entry, Trade)]
    rows.sort(key=ledger_place)
    base_asset = (await fold_state.list_base_assets(conn, [vault]))[vault]
    state, followers = VaultState(), dict[str, FollowerState]()
    changed: dict[tuple[VaultId, str], TradeResult] = {}
    for row in rows:
        result = folded.step(vault, state, followers, row.entry, base_asset)
        if isinstance(row.entry, Trade):
            outcome = TradeResult.of(result)
            if row.stored is None:
                folded.results[vault, row.identity] = outcome
            elif row.stored != outcome:
                changed[vault, row.identity] = outcome
    if changed:
        await ledger.update_trade_results(conn, changed)
    await fold_state.delete_followers(conn, vault)
    folded.states[vault] = state
    folded.followers.update({(vault, Address(wallet)): f for wallet, f in followers.items()})
    folded.refolded.add(vault)
    unchanged = 0 if since is None else [row.identity for row in rows].index(since.identity)
    await _replace_points(conn, vault, folded, unchanged, 0 if since is None else since.entry.key.time)


async def _replace_points(conn: Connection, vault: VaultId, folded: Folded, unchanged: int, from_time: int) -> None:
    """Make room for a vault's points behind the first `unchanged` ones, and keep only those to be written."""
    await points.delete_points(conn, vault, from_time=from_time, from_number=unchanged + 1)
    await follower_points.delete_follower_points(conn, vault, from_time=from_time, from_number=unchanged + 1)
    folded.points[vault] = folded.points.get(vault, [])[unchanged:]
    folded.follower_points = [row for row in folded.follower_points if row.vault_id != vault or row.number > unchanged]


async def _save(conn: Connection, folded: Folded) -> None:
    if folded.followers:
        rows = {pair: (user_id(folded.chain_id, pair[1]), state) for pair, state in folded.followers.items()}
        await fold_state.save_followers(conn, rows)
    if folded.states:
        await fold_state.save_states(conn, folded.states)
        shown = {vault: figures_of(state) for vault, state in folded.states.items()}
        await fold_state.save_figures(conn, shown, folded.refolded)
        await points.insert_points(conn, [(vault, row) for vault, rows in folded.points.items() for row in rows])
        await follower_points.insert_follower_points(conn, folded.follower_points)


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
    await points.delete_points_of_unknown_vaults(conn, sorted(orphaned.undeployed))
    await follower_points.delete_follower_points_of_unknown_vaults(conn, sorted(orphaned.undeployed))
    folded = Folded(chain_id)
    for vault in await fold_state.list_base_assets(conn, sorted(concerned)):
        await _refold(conn, vault, (), folded)
    await _save(conn, folded)
    performances = await figures.list_performances(conn, sorted(folded.states))
    return Rewound(orphaned.event_count + removed_trades, removed_vaults, performances)


async def restore_points(conn: Connection, chain_id: int) -> bool:
    """Write the points of one vault whose ledger is older than points are; False when there is none left."""
    vault = await points.find_vault_without_points(conn)
    if vault is None:
        return False
    await lock_vaults(conn, [vault])
    folded = Folded(chain_id)
    await _refold(conn, vault, (), folded)
    await _save(conn, folded)
    return True
