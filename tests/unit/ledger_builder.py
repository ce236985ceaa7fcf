"""Ledgers for tests of the fold: written as text in the notation of the golden vectors, or generated."""

from dataclasses import replace

from hypothesis import strategies as st

from libs.events import Kind, OrderKey
from services.analytics.fold import Folded, fold
from services.analytics.ledger import Deposit, Entry, Settlement, Trade, Withdrawal

BASE = "USDC"
STEP_SECONDS = 60
UINT256_MAX = 2**256 - 1


def key_at(index: int, kind: Kind, follower: str = "") -> OrderKey:
    return OrderKey.at(index * STEP_SECONDS, f"0x{index:064x}", kind, follower=follower)


def deposit(index: int, follower: str, amount: int) -> Deposit:
    return Deposit(key_at(index, Kind.DEPOSIT, follower), follower, amount)


def withdrawal(index: int, follower: str, amount: int) -> Withdrawal:
    return Withdrawal(key_at(index, Kind.WITHDRAWAL, follower), follower, amount)


def settlement(index: int, follower: str, leader_cut: int, protocol_cut: int, remaining: int) -> Settlement:
    key = key_at(index, Kind.SETTLEMENT, follower)
    return Settlement(key, follower, leader_cut + protocol_cut + remaining, leader_cut, protocol_cut, remaining)


def result(index: int, pnl: int) -> Trade:
    """A trade that brings `pnl` and nothing else."""
    return Trade(key_at(index, Kind.TRADE), BASE, "GAS", 0, 1, pnl_override=pnl)


def trade(index: int, asset_in: str, asset_out: str, amount_in: int, amount_out: int | None) -> Trade:
    return Trade(key_at(index, Kind.TRADE), asset_in, asset_out, amount_in, amount_out)


def entry_from(index: int, text: str) -> Entry:
    """`dep [who] 500`, `wd [who] 100`, `settle [who] leader/protocol/remaining`, `+50` or `-50`."""
    words = text.split()
    if len(words) == 1:
        return result(index, int(text))
    who = words[1] if len(words) == 3 else "A"
    if words[0] == "settle":
        leader_cut, protocol_cut, remaining = (int(part) for part in words[-1].split("/"))
        return settlement(index, who, leader_cut, protocol_cut, remaining)
    flow = deposit if words[0] == "dep" else withdrawal
    return flow(index, who, int(words[-1]))


def entries_of(ledger: str) -> list[Entry]:
    """The entries of a comma-separated ledger; the n-th (from 0) happens at n minutes."""
    return [entry_from(index, text.strip()) for index, text in enumerate(ledger.split(","))]


def folded(ledger: str) -> Folded:
    return fold(entries_of(ledger), BASE)


AMOUNTS = st.one_of(
    st.integers(0, 3),
    st.integers(0, 2_000),
    st.integers(0, 10**30),
    st.integers(UINT256_MAX - 3, UINT256_MAX),
)
WALLETS = st.sampled_from(["A", "B", "C", "D"])
ASSETS = st.sampled_from([BASE, "X", "Y"])


@st.composite
def _entries(draw: st.DrawFn, index: int) -> Entry:
    match draw(st.sampled_from(["deposit", "deposit", "withdrawal", "settlement", "result", "result", "trade"])):
        case "deposit":
            return deposit(index, draw(WALLETS), draw(AMOUNTS))
        case "withdrawal":
            return withdrawal(index, draw(WALLETS), draw(AMOUNTS))
        case "settlement":
            return settlement(index, draw(WALLETS), draw(AMOUNTS), draw(st.integers(0, 100)), draw(AMOUNTS))
        case "result":
            return result(index, draw(AMOUNTS) * draw(st.sampled_from([1, -1])))
        case _:
            amount_out = draw(st.one_of(st.none(), AMOUNTS))
            return trade(index, draw(ASSETS), draw(ASSETS), draw(AMOUNTS), amount_out)


def with_times(entries: list[Entry], times: list[int]) -> list[Entry]:
    """The entries at other times, one each; what else is in their keys stays and tells equals apart."""
    pairs = zip(entries, times, strict=True)
    return [replace(entry, key=entry.key._replace(time=time)) for entry, time in pairs]


@st.composite
def ledgers(draw: st.DrawFn, max_size: int = 25) -> list[Entry]:
    """Random ledgers in their order, amounts from 0 to the ends of uint256."""
    size = draw(st.integers(0, max_size))
    return [draw(_entries(index)) for index in range(size)]
