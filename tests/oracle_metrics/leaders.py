"""One entry per (leader, base asset): its vaults' ledgers merged, P chained over the sum of their Q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.oracle.intake import OrderKey
from tests.oracle_metrics.moments import BEGINNING, Chain, Moment


def merged(vaults: Mapping[str, Sequence[Moment]]) -> list[Moment]:
    """The moments of several vaults of one base asset as if they were one; a full tie goes by address."""
    chain = Chain()
    latest: dict[str, Moment] = {}
    together: list[Moment] = []
    for address, moment in sorted(_with_address(vaults), key=_order):
        latest[address] = moment
        chain.result(moment.by_result)
        chain.flow(moment.by_flow)
        together.append(_joined(moment, chain, list(latest.values())))
    return together


def _with_address(vaults: Mapping[str, Sequence[Moment]]) -> list[tuple[str, Moment]]:
    return [(address, moment) for address, moments in vaults.items() for moment in moments]


def _order(item: tuple[str, Moment]) -> tuple[OrderKey, str]:
    address, moment = item
    assert moment.key is not None
    return moment.key, address.lower()


def _joined(moment: Moment, chain: Chain, states: Sequence[Moment]) -> Moment:
    assert chain.owned == sum(state.owned for state in states)
    return Moment(
        key=moment.key,
        time=moment.time,
        price=chain.first_price,
        unit_price=chain.unit_price,
        epoch=chain.epoch,
        owned=chain.owned,
        unowned=sum(state.unowned for state in states),
        paid_in=sum(state.paid_in for state in states),
        paid_out=sum(state.paid_out for state in states),
        by_result=moment.by_result,
        by_flow=moment.by_flow,
        tvl=sum(state.tvl for state in states),
        holders=BEGINNING.holders.union(*(state.holders for state in states)),
        trade=moment.trade,
    )
