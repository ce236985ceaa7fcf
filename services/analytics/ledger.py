"""The entries of a vault's ledger and the one order in which they count."""

from dataclasses import dataclass

from libs.events import OrderKey


@dataclass(frozen=True, slots=True)
class Deposit:
    """A follower puts `amount` >= 0 of the base asset into the vault."""

    key: OrderKey
    follower: str
    amount: int
    time_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A follower takes `amount` >= 0 of the base asset out of the vault."""

    key: OrderKey
    follower: str
    amount: int
    time_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """The vault swaps amount_in of asset_in for amount_out of asset_out (each in its own smallest unit).

    amount_out is None where it is unknown (missing, or "0" without amountOutKnown). pnl_override is the
    producer's own result in the base asset; None and 0 both mean "derive it". input_unpaid says that the
    transfers show less than amount_in leaving the vault.
    """

    key: OrderKey
    asset_in: str
    asset_out: str
    amount_in: int
    amount_out: int | None
    pnl_override: int | None = None
    input_unpaid: bool = False
    time_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """A follower's profit is settled: cuts go to the leader and the protocol, the rest to the follower."""

    key: OrderKey
    follower: str
    profit: int
    leader_cut: int | None = None
    protocol_cut: int | None = None
    follower_remaining: int | None = None
    time_assumed: bool = False

    @property
    def cuts(self) -> int:
        """What leader and protocol take; a missing cut is 0."""
        return (self.leader_cut or 0) + (self.protocol_cut or 0)

    @property
    def remaining(self) -> int:
        """What the follower is paid; when missing, the profit less the cuts, at least 0."""
        if self.follower_remaining is None:
            return max(0, self.profit - self.cuts)
        return self.follower_remaining


Entry = Deposit | Withdrawal | Trade | Settlement
