"""Registering events within the caller's transaction: what of them is new, and what follows for users and vaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.database import Connection
from libs.events import Deployment, Event, Flow, Kind, Score, Settlement, Status
from libs.identifiers import Address, UserId, VaultId, user_id, vault_id
from libs.registry import repository, rewind_repository
from libs.registry.repository import Pair, UserChange
from libs.registry.rewind import Rewind
from libs.results import Key, first_occurrences, key_of


@dataclass(frozen=True, slots=True)
class Registered:
    """What a call brought.

    `vaults` are those known now, locked until the transaction ends; `ready` the events that can take effect, each
    once; `inserted` and `stored` say which deployments and flows are new, and the digests of those that are not;
    `renewed` are vaults that existed before and got another deployment; events of `orphaned` blocks are refused.
    """

    vaults: Mapping[Address, VaultId]
    ready: Sequence[Event]
    inserted: set[Key]
    stored: Mapping[Key, bytes]
    renewed: set[VaultId]
    orphaned: set[str]


@dataclass(frozen=True, slots=True)
class Orphaned:
    """What a rewind removed so far: flows, deployments, all flows of vaults without a deployment, and statuses."""

    event_count: int
    pairs: set[Pair]
    users: set[UserId]
    undeployed: set[VaultId]
    restated: set[VaultId]


def names_wallets(event: Event) -> Sequence[Address]:
    """Wallets that join the platform by this event: flows of 0 change nothing at all."""
    body = event.body
    if isinstance(body, Deployment):
        return (body.leader,)
    if isinstance(body, Settlement) or (isinstance(body, Flow) and body.amount > 0):
        return (body.follower,)
    return ()


async def register(conn: Connection, chain_id: int, events: Sequence[Event]) -> Registered:
    """Insert what is new of deployments and flows, and bring users, vaults and statuses up to date.

    New vaults are locked first, then those that exist, then users, each in the order of their ids and by one
    statement: no two calls wait for each other.
    """
    orphaned = await repository.find_orphaned(conn, sorted({e.block_hash for e in events if e.block_hash}))
    once = first_occurrences(event for event in events if event.block_hash not in orphaned)
    vaults = {event.vault: vault_id(chain_id, event.vault) for event in once if event.vault}
    deployed = {vaults[event.vault] for event in once if event.vault and event.kind is Kind.DEPLOYMENT}
    if deployed:
        await repository.lock_deployments(conn, deployed)
    locked = await repository.lock_vaults(conn, list(vaults.values()))
    known = {address: vault for address, vault in vaults.items() if vault in locked or vault in deployed}
    ready = [event for event in once if event.vault is None or event.vault in known]
    inserted = await _insert(conn, chain_id, ready)
    fresh = [event for event in ready if key_of(event) in inserted]
    await _save_users(conn, chain_id, fresh, [event.body for event in ready if isinstance(event.body, Score)])
    new_deployments = {known[e.vault] for e in fresh if e.vault and e.kind is Kind.DEPLOYMENT}
    if new_deployments:
        await repository.save_vaults_from_deployments(conn, sorted(new_deployments))
    await _save_statuses(conn, known, ready)
    stored = await _stored_digests(conn, known, [e for e in ready if key_of(e) not in inserted])
    return Registered(known, ready, inserted, stored, new_deployments & locked, orphaned)


async def _insert(conn: Connection, chain_id: int, events: Iterable[Event]) -> set[Key]:
    deployments: list[tuple[VaultId, UserId, Event, Deployment]] = []
    flows: list[tuple[VaultId, UserId, Event, Flow | Settlement]] = []
    keys: dict[tuple[VaultId, str], Key] = {}
    for event in events:
        body = event.body
        if isinstance(body, Deployment):
            vault = vault_id(chain_id, body.vault)
            deployments.append((vault, user_id(chain_id, body.leader), event, body))
        elif isinstance(body, Flow | Settlement):
            vault = vault_id(chain_id, body.vault)
            flows.append((vault, user_id(chain_id, body.follower), event, body))
        else:
            continue
        keys[vault, event.identity] = key_of(event)
    new = await repository.insert_deployments(conn, deployments) if deployments else set()
    new |= await repository.insert_flows(conn, flows) if flows else set()
    return {keys[row] for row in new}


async def _stored_digests(
    conn: Connection, vaults: Mapping[Address, VaultId], events: Iterable[Event]
) -> dict[Key, bytes]:
    kinds = (Kind.TRADE, Kind.SCORE, Kind.STATUS)
    rows = [(vaults[event.vault], event) for event in events if event.vault and event.kind not in kinds]
    if not rows:
        return {}
    digests = await repository.find_digests(conn, [v for v, _ in rows], [e.identity for _, e in rows])
    return {key_of(event): digests[vault, event.identity] for vault, event in rows}


async def _save_users(conn: Connection, chain_id: int, fresh: Iterable[Event], scores: Iterable[Score]) -> None:
    """Users of new events, and scores: at the same second the higher one counts."""
    named: dict[UserId, UserChange] = {}
    for event in fresh:
        for wallet in names_wallets(event):
            change = named.setdefault(user_id(chain_id, wallet), UserChange(wallet))
            change.first_event_at = _earlier(change.first_event_at, event.time)
    for score in scores:
        change = named.setdefault(user_id(chain_id, score.wallet), UserChange(score.wallet))
        change.first_observed_at = _earlier(change.first_observed_at, score.observed_at)
        latest = (score.observed_at, score.reputation_score)
        change.score = latest if change.score is None else max(change.score, latest)
    if named:
        await repository.save_users(conn, named)


def _earlier(known: int | None, time: int) -> int:
    return time if known is None else min(known, time)


async def _save_statuses(conn: Connection, vaults: Mapping[Address, VaultId], events: Iterable[Event]) -> None:
    latest: dict[VaultId, Status] = {}
    for event in events:
        if isinstance(event.body, Status):
            status = event.body
            known = latest.get(vaults[status.vault])
            if known is None or (status.observed_at, status.is_frozen) > (known.observed_at, known.is_frozen):
                latest[vaults[status.vault]] = status
    if latest:
        await repository.save_statuses(conn, latest)


async def remove_orphaned(
    conn: Connection,
    rewind: Rewind,
    *,
    also_concerned: Collection[VaultId] = (),
) -> Orphaned:
    """Remove the flows and deployments of orphaned blocks, and all flows of vaults that none is left of.

    Scores and statuses of the wallets and vaults named are forgotten. Locks every vault concerned first, those
    included that only the caller knows of.
    """
    blocks = rewind.orphaned
    concerned = await rewind_repository.find_vaults_of_blocks(conn, blocks)
    restated = await rewind_repository.find_vaults(conn, rewind.status_vaults)
    await repository.lock_vaults(conn, sorted(concerned | restated | set(also_concerned)))
    pairs = await rewind_repository.delete_orphaned_flows(conn, blocks)
    deployments = await rewind_repository.delete_orphaned_deployments(conn, blocks)
    undeployed = {vault for vault, _, _ in deployments}
    pairs += await rewind_repository.delete_flows_of_unknown_vaults(conn, sorted(undeployed))
    await rewind_repository.forget_statuses(conn, rewind.status_vaults)
    rated = await rewind_repository.forget_scores(conn, rewind.score_wallets)
    users = {user for _, user in pairs} | {leader for _, leader, _ in deployments} | rated
    return Orphaned(len(pairs) + len(deployments), set(pairs), users, undeployed, restated)


async def remove_unnamed(conn: Connection, orphaned: Orphaned) -> list[Address]:
    """Remove vaults without a deployment and users that nothing names; returns the addresses of those vaults.

    Call it when nothing of the caller's own refers to them any more.
    """
    removed = await rewind_repository.delete_unknown_vaults(conn, sorted(orphaned.undeployed))
    if orphaned.undeployed:
        await repository.save_vaults_from_deployments(conn, sorted(orphaned.undeployed))
    await rewind_repository.delete_unnamed_users(conn, sorted(orphaned.users))
    await rewind_repository.recompute_first_events(conn, sorted(orphaned.users))
    return removed
