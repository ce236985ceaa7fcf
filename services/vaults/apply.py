"""Applying events, taking over figures and rewinding: what happens within one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from libs.database import Connection
from libs.events import Deployment, Event, Flow, Kind, OrphanedBlock, Score, Settlement, Status
from libs.identifiers import Address, UserId, VaultId, subscription_id, user_id, vault_id
from libs.results import ApplyResult, Key, answer, first_occurrences, key_of
from services.vaults import repository
from services.vaults.domain import FlowRow, Performance, SubscriptionState, fold_flows, highest_versions, names_wallets
from services.vaults.repository import Pair


@dataclass(frozen=True, slots=True)
class Rewound:
    """What a rewind took back."""

    event_count: int
    removed_vaults: list[Address]


async def apply_events(conn: Connection, chain_id: int, events: Sequence[Event]) -> list[ApplyResult]:
    """Apply events of any order and grouping; one result per event in the order given."""
    vaults = {event.vault: vault_id(chain_id, event.vault) for event in events if event.vault}
    deployed = {event.vault for event in events if event.vault and event.kind == Kind.DEPLOYMENT}
    # Vaults are locked before users everywhere, each in the order of their ids: no two calls wait for each other.
    locked = await repository.lock_vaults(conn, list(vaults.values()))
    known = {address for address, identifier in vaults.items() if identifier in locked} | deployed
    ready = first_occurrences(event for event in events if event.vault is None or event.vault in known)
    inserted = await _insert(conn, chain_id, ready)
    fresh = [event for event in ready if key_of(event) in inserted]
    await _save_first_events(conn, chain_id, fresh)
    await _save_scores(conn, chain_id, ready)
    if deployed:
        await repository.save_vaults_from_deployments(conn, [vaults[address] for address in deployed])
    await _add_flows(conn, chain_id, fresh)
    await _save_statuses(conn, chain_id, ready)
    stored = await _stored_digests(conn, chain_id, [e for e in ready if key_of(e) not in inserted])
    return answer(events, known=known, inserted=inserted, stored=stored)


async def _insert(conn: Connection, chain_id: int, events: Iterable[Event]) -> set[Key]:
    """Insert deployments and flows; returns the keys of those that were new. Trades leave no row here."""
    deployments: list[tuple[VaultId, UserId, Event, Deployment]] = []
    flows: list[tuple[VaultId, UserId, Event, Flow | Settlement]] = []
    keys: dict[tuple[VaultId, str], Key] = {}
    inserted: set[Key] = set()
    for event in events:
        body = event.body
        if isinstance(body, Deployment):
            vault = vault_id(chain_id, body.vault)
            deployments.append((vault, user_id(chain_id, body.leader), event, body))
        elif isinstance(body, Flow | Settlement):
            vault = vault_id(chain_id, body.vault)
            flows.append((vault, user_id(chain_id, body.follower), event, body))
        else:
            if event.kind == Kind.TRADE:
                inserted.add(key_of(event))
            continue
        keys[vault, event.identity] = key_of(event)
    new = await repository.insert_deployments(conn, deployments) if deployments else set()
    new |= await repository.insert_flows(conn, flows) if flows else set()
    return inserted | {keys[row] for row in new}


async def _stored_digests(conn: Connection, chain_id: int, events: Sequence[Event]) -> dict[Key, bytes]:
    ledger = [(vault_id(chain_id, event.vault), event) for event in events if event.vault and event.kind != Kind.STATUS]
    if not ledger:
        return {}
    digests = await repository.find_digests(conn, [v for v, _ in ledger], [e.identity for _, e in ledger])
    return {key_of(event): digests[vault, event.identity] for vault, event in ledger}


async def _save_first_events(conn: Connection, chain_id: int, events: Iterable[Event]) -> None:
    first: dict[UserId, tuple[Address, int]] = {}
    for event in events:
        for wallet in names_wallets(event):
            user = user_id(chain_id, wallet)
            if user not in first or event.time < first[user][1]:
                first[user] = (wallet, event.time)
    if first:
        await repository.save_first_events(conn, first)


async def _save_scores(conn: Connection, chain_id: int, events: Iterable[Event]) -> None:
    scores: dict[UserId, list[Score]] = defaultdict(list)
    for event in events:
        if isinstance(event.body, Score):
            scores[user_id(chain_id, event.body.wallet)].append(event.body)
    latest = {
        user: max(observed, key=lambda score: (score.observed_at, score.reputation_score))
        for user, observed in scores.items()
    }
    if latest:
        await repository.save_scores(
            conn,
            {
                user: (
                    score.wallet,
                    score.reputation_score,
                    score.observed_at,
                    min(seen.observed_at for seen in scores[user]),
                )
                for user, score in latest.items()
            },
        )


async def _save_statuses(conn: Connection, chain_id: int, events: Iterable[Event]) -> None:
    latest: dict[VaultId, Status] = {}
    for event in events:
        if isinstance(event.body, Status):
            status = event.body
            vault = vault_id(chain_id, status.vault)
            known = latest.get(vault)
            if known is None or (status.observed_at, status.is_frozen) > (known.observed_at, known.is_frozen):
                latest[vault] = status
    if latest:
        await repository.save_statuses(conn, latest)


async def _add_flows(conn: Connection, chain_id: int, events: Iterable[Event]) -> None:
    """Fold new flows into their subscriptions: behind the last one they are added, before it the pair is refolded."""
    new: dict[Pair, list[FlowRow]] = defaultdict(list)
    for event in events:
        if isinstance(event.body, Flow | Settlement):
            body = event.body
            amount = body.amount if isinstance(body, Flow) else body.follower_remaining
            if amount or isinstance(body, Settlement):
                pair = (vault_id(chain_id, body.vault), user_id(chain_id, body.follower))
                new[pair].append(FlowRow(event.order_key._replace(follower=""), amount))
    if not new:
        return
    states = await repository.find_subscription_states(conn, list(new))
    late: set[Pair] = set()
    folded = {}
    for pair, flows in new.items():
        flows.sort(key=lambda flow: flow.key)
        state = states.get(pair)
        if state and flows[0].key < state.last_key:
            late.add(pair)
        else:
            folded[pair] = fold_flows(state, flows)
    await _write_states(conn, {pair: state for pair, state in folded.items() if state})
    await refold_subscriptions(conn, late)


async def _write_states(conn: Connection, states: dict[Pair, SubscriptionState]) -> None:
    if states:
        await repository.save_subscription_states(
            conn, {pair: (subscription_id(*pair), state) for pair, state in states.items()}
        )


async def refold_subscriptions(conn: Connection, pairs: Collection[Pair]) -> None:
    """Derive subscriptions from all of their flows; a pair without any has no subscription."""
    if not pairs:
        return
    flows = await repository.list_flows(conn, sorted(pairs))
    folded = {pair: fold_flows(None, rows) for pair, rows in flows.items()}
    await _write_states(conn, {pair: state for pair, state in folded.items() if state})
    gone = [pair for pair, state in folded.items() if state is None]
    if gone:
        await repository.delete_subscriptions(conn, gone)


async def update_performance(conn: Connection, performances: Iterable[Performance]) -> int:
    """Take over figures that are newer than those stored; returns how many vaults changed."""
    newest = highest_versions(performances)
    if not newest:
        return 0
    await repository.lock_vaults(conn, [performance.vault_id for performance in newest])
    return await repository.save_performances(conn, newest)


async def rewind(conn: Connection, blocks: Sequence[OrphanedBlock]) -> Rewound:
    """Take back everything derived from orphaned blocks.

    A vault that loses its last deployment loses all its events too: it is unknown again, as in a fresh index.
    """
    pairs = await repository.delete_orphaned_flows(conn, blocks)
    deployments = await repository.delete_orphaned_deployments(conn, blocks)
    undeployed = sorted({vault for vault, _, _ in deployments})
    more = await repository.delete_flows_of_unknown_vaults(conn, undeployed)
    users = {user for _, user in pairs + more} | {leader for _, leader, _ in deployments}
    await refold_subscriptions(conn, set(pairs + more))
    removed = await repository.delete_unknown_vaults(conn, undeployed)
    if undeployed:
        await repository.save_vaults_from_deployments(conn, undeployed)
    await repository.delete_unnamed_users(conn, sorted(users))
    await repository.recompute_first_events(conn, sorted(users))
    return Rewound(len(pairs) + len(more) + len(deployments), removed)
