"""What one transaction moved so far: transfers per vault since its last trade, and profit splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet

from libs.uint256 import MAX_UINT256
from services.ingest.chain.contracts import ProfitSplit, RawAddress, Transfer


class Payments:
    """Fed with a chain's logs in order; entering another transaction forgets the one before."""

    def __init__(self) -> None:
        self._transaction = ""
        self._received: defaultdict[RawAddress, dict[RawAddress, int]] = defaultdict(dict)
        self._paid: defaultdict[RawAddress, dict[RawAddress, int]] = defaultdict(dict)
        self._splits: defaultdict[RawAddress, list[ProfitSplit]] = defaultdict(list)

    def enter(self, transaction_hash: str) -> None:
        """Say which transaction the next log belongs to."""
        if transaction_hash != self._transaction:
            self._transaction = transaction_hash
            self._received.clear()
            self._paid.clear()
            self._splits.clear()

    def add_transfer(self, token: RawAddress, transfer: Transfer, vaults: AbstractSet[RawAddress]) -> None:
        """A token's transfer; it matters where a vault takes part."""
        if transfer.recipient in vaults:
            self._received[transfer.recipient][token] = transfer.value
        if transfer.sender in vaults:
            paid = self._paid[transfer.sender]
            paid[token] = paid.get(token, 0) + transfer.value

    def close_trade(self, vault: RawAddress, token_in: RawAddress, token_out: RawAddress) -> tuple[int, int]:
        """(received, paid) of a trade that ends here; the vault's next trade starts from nothing.

        Received is the last transfer of token_out to the vault since its trade before (summing would count
        donations), paid the sum of its transfers of token_in; a hostile token's sum stops at 2^256-1.
        """
        received = self._received.pop(vault, {}).get(token_out, 0)
        paid = self._paid.pop(vault, {}).get(token_in, 0)
        return received, min(paid, MAX_UINT256)

    def add_split(self, split: ProfitSplit) -> None:
        """A split that the configured splitter made for a vault."""
        self._splits[split.vault].append(split)

    def take_split(self, vault: RawAddress, profit: int) -> ProfitSplit | None:
        """The split behind a settlement of this vault, which no other settlement takes again.

        The vault calls the splitter, pays the follower and then emits ProfitSettled, so the split is the last
        one before with this profit, also when a token's callback nests one settlement in another.
        """
        splits = self._splits.get(vault, [])
        for at in range(len(splits) - 1, -1, -1):
            if splits[at].total_profit == profit:
                return splits.pop(at)
        return None
