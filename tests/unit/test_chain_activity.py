"""The generated chain itself: other tests believe it."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from libs.identifiers import checksum_address
from services.ingest.chain.contracts import MalformedError, VaultFacts
from services.ingest.chain.decoder import decode_window
from services.ingest.chain.protocol import initial_state
from tests.chain_node.abi import call_data
from tests.chain_node.activity import FOLLOWERS, STRANGER, Activity
from tests.chain_node.chain import Chain, Reverts
from tests.chain_node.recorded import recorded_chain


def facts_of(chain: Chain, vault: str) -> VaultFacts:
    """What a reader of the views would take for the vault's facts."""
    name, base = (chain.view(vault, call_data(view)) for view in ("vaultName()", "baseAsset()"))
    assert isinstance(base, bytes)
    decimals = chain.view("0x" + base[-20:].hex(), call_data("decimals()"))
    try:
        return VaultFacts.from_results(
            name if isinstance(name, bytes) else b"", base, decimals if isinstance(decimals, bytes) else None
        )
    except MalformedError:
        return VaultFacts(b"", checksum_address("0x" + base[-20:].hex()), None)


def number_of(chain: Chain, vault: str, signature: str, *arguments: str) -> int:
    result = chain.view(vault, call_data(signature, *arguments))
    assert isinstance(result, bytes)
    return int.from_bytes(result[:32])


def check_against_its_logs(activity: Activity) -> Counter[str]:
    """The decoder's deposits of every follower are what the views say; gives how many jobs of each task."""
    chain = activity.chain
    protocol = activity.protocol
    facts = {checksum_address(vault): facts_of(chain, vault) for vault in activity.vaults}
    decoded = decode_window(protocol, initial_state(protocol), chain.logs, facts=facts)
    assert (decoded.damaged, decoded.unread_vaults) == ((), ())
    deposits: defaultdict[tuple[str, str], int] = defaultdict(int)
    for job in decoded.jobs:
        if job.task_name == "ingest.follower_event":
            sign = 1 if job.kwargs["action"] == "DEPOSIT" else -1
            place = job.kwargs["vaultAddress"].lower(), job.kwargs["followerAddress"].lower()
            deposits[place] += sign * int(job.kwargs["amount"])
    for vault in activity.vaults:
        stated = [number_of(chain, vault, "followers(address)", follower) for follower in [*FOLLOWERS, STRANGER]]
        assert stated == [deposits[vault, follower] for follower in [*FOLLOWERS, STRANGER]]
        assert number_of(chain, vault, "totalVaultTVL()") == sum(stated)
    return Counter(job.task_name for job in decoded.jobs)


def test_the_same_seed_gives_the_same_chain_and_another_one_another():
    chains = []
    for seed in (5, 5, 6):
        activity = Activity(seed)
        activity.mine(30)
        chains.append(activity.chain)
    assert chains[0].blocks == chains[1].blocks
    assert chains[0].head.hash != chains[2].head.hash


def test_everything_the_protocol_knows_happens():
    activity = Activity(1)
    activity.mine(150)
    jobs = check_against_its_logs(activity)
    assert set(jobs) == {
        "ingest.vault_deployed",
        "ingest.trade_executed",
        "ingest.follower_event",
        "ingest.vault_status",
        "ingest.profit_settled",
    }
    assert jobs["ingest.trade_executed"] > 50
    assert jobs["ingest.vault_deployed"] == len(activity.vaults) > 3


def test_blocks_are_linked_also_after_reorganisations():
    activity = Activity(2)
    activity.mine(60)
    before = list(activity.chain.blocks)
    dropped = activity.reorganise(7)
    assert dropped == before[-7:]
    blocks = activity.chain.blocks
    assert len(blocks) == len(before) + 1
    assert all(after.parent_hash == block.hash for block, after in pairwise(blocks))
    assert not {block.hash for block in blocks} & {block.hash for block in dropped}
    assert blocks[:-8] == before[:-7]


def test_views_follow_a_reorganisation():
    activity = Activity(3)
    activity.mine(80)
    again = set()
    for depth in (1, 5, 20):
        dropped = activity.reorganise(depth)
        orphans = {transaction for block in dropped for transaction in block.transactions}
        again |= orphans & {transaction for block in activity.chain.blocks for transaction in block.transactions}
        activity.mine(10)
        check_against_its_logs(activity)
    assert len(again) > 10


def test_a_vault_can_break_its_views_from_one_block_on():
    activity = Activity(4)
    activity.mine(20)
    vault, number = activity.vaults[0], activity.chain.head.number
    activity.break_views(vault)
    activity.mine(1)
    assert activity.chain.view(vault, call_data("totalVaultTVL()")) == Reverts()
    assert isinstance(activity.chain.view(vault, call_data("totalVaultTVL()"), number), bytes)


def test_the_recorded_chain_has_the_recordings_state_at_its_head():
    chain = recorded_chain()
    assert (len(chain.blocks), len(chain.logs)) == (139, 1114)
    alpha = "0xaBF36484098866B231d37CD3bE8Cee450e8A2626"
    assert number_of(chain, alpha, "totalVaultTVL()") == 68_595_656_392
    risk = "0x92104466A1Af8f8f3469E484f08fB015cc184071"
    frozen = call_data("isVaultFrozen(address)", "0xb35bA18F6bd06fAebCFF4C17Ee5109492ce9D371")
    states = [chain.view(risk, frozen, number)[-1:] for number in (37, 38, 138)]  # type: ignore[index]
    assert states == [b"\0", b"\1", b"\0"]
