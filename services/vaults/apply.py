"""Applying events, taking over figures and rewinding: what happens within one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.database import Connection
from libs.events import Event, Flow, Kind, Settlement
from libs.identifiers import Address, subscription_id, user_id, vault_id
from libs.registry.apply import register, remove_orphaned, remove_unnamed
from libs.registry.repository import Pair, flow_amount, lock_vaults, save_orphaned
from libs.registry.rewind import Rewind
from libs.results import ApplyResult, answer, key_of
from services.vaults.domain import (
    FlowRow,
    Performance,
    SubscriptionState,
    VaultWindows,
    fold_flows,
    highest_versions,
    newest_windows,
)
from services.vaults.repository import figures, subscriptions


@dataclass(frozen=True, slots=True)
class Rewound:
    """What a rewind took back."""

    event_count: int
    removed_vaults: list[Address]


async def apply_events(conn: Connection, chain_id: int, events: Sequence[Event]) -> list[ApplyResult]:
    """Apply events of any order and grouping; one result per event in the order given."""
    registered = await register(conn, chain_id, events)
    await _add_flows(conn, chain_id, [e for e in registered.ready if key_of(e) in registered.inserted])
    # Trades leave no row here: each counts as new.
    trades = {key_of(event) for event in registered.ready if event.kind is Kind.TRADE}
    return answer(
        events,
        known=registered.vaults,
        inserted=registered.inserted | trades,
        stored=registered.stored,
        orphaned=registered.orphaned,
    )


async def _add_flows(conn: Connection, chain_id: int, events: Iterable[Event]) -> None:
    """Fold new flows into their subscriptions: behind the last one they are added, before it the pair is refolded."""
    new = _by_pair(chain_id, events)
    if not new:
        return
    states = await subscriptions.find_subscription_states(conn, list(new))
    late: set[Pair] = set()
    folded: dict[Pair, SubscriptionState | None] = {}
    for pair, flows in new.items():
        state = states.get(pair)
        if state and flows[0].key < state.last_key:
            late.add(pair)
        else:
            folded[pair] = fold_flows(state, flows)
    await _write_states(conn, folded)
    await refold_subscriptions(conn, late)


def _by_pair(chain_id: int, events: Iterable[Event]) -> dict[Pair, list[FlowRow]]:
    """Flows and settlements of each pair in ledger order; flows of 0 change nothing at all."""
    new: dict[Pair, list[FlowRow]] = defaultdict(list)
    for event in events:
        body = event.body
        if isinstance(body, Settlement) or (isinstance(body, Flow) and body.amount):
            pair = (vault_id(chain_id, body.vault), user_id(chain_id, body.follower))
            new[pair].append(FlowRow(event.order_key._replace(follower=""), flow_amount(body)))
    for flows in new.values():
        flows.sort(key=lambda flow: flow.key)
    return new


async def _write_states(conn: Connection, folded: Mapping[Pair, SubscriptionState | None]) -> None:
    states = {pair: (subscription_id(*pair), state) for pair, state in folded.items() if state}
    if states:
        await subscriptions.save_subscription_states(conn, states)


async def refold_subscriptions(conn: Connection, pairs: Collection[Pair]) -> None:
    """Derive subscriptions from all of their flows; a pair without any has no subscription."""
    if not pairs:
        return
    flows = await subscriptions.list_flows(conn, sorted(pairs))
    folded = {pair: fold_flows(None, rows) for pair, rows in flows.items()}
    await _write_states(conn, folded)
    gone = [pair for pair, state in folded.items() if state is None]
    if gone:
        await subscriptions.delete_subscriptions(conn, gone)


async def update_performance(conn: Connection, performances: Iterable[Performance]) -> int:
    """Take over figures that are newer than those stored; returns how many vaults changed."""
    newest = highest_versions(performances)
    if not newest:
        return 0
    await lock_vaults(conn, [performance.vault_id for performance in newest])
    return await figures.save_performances(conn, newest)


async def update_windows(conn: Connection, sent: Iterable[VaultWindows]) -> int:
    """Take over windows of newer refreshes than those stored; returns how many vaults changed."""
    newest = newest_windows(sent)
    if not newest:
        return 0
    await lock_vaults(conn, [windows.vault_id for windows in newest])
    newer = await figures.save_refresh_numbers(conn, newest)
    if newer:
        await figures.save_windows(conn, [windows for windows in newest if windows.vault_id in newer])
    return len(newer)


async def rewind(conn: Connection, wanted: Rewind) -> Rewound:
    """Take back everything derived from orphaned blocks, and refuse what still comes of them.

    A vault that loses its last deployment loses all its events too: it is unknown again, as in a fresh index.
    """
    await save_orphaned(conn, wanted.orphaned, wanted.reinstated)
    orphaned = await remove_orphaned(conn, wanted)
    await refold_subscriptions(conn, orphaned.pairs)
    return Rewound(orphaned.event_count, await remove_unnamed(conn, orphaned))
