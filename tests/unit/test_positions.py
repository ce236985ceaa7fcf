"""Results of trades by average cost."""

import pytest

from libs.events import Kind
from services.analytics.fold import fold
from services.analytics.ledger import Trade
from services.analytics.positions import Position, TradeOutcome, book_trade
from tests.unit.ledger_builder import BASE, UINT256_MAX, key_at, trade

PARTIAL = ("cost_basis_partial",)

# (asset in, asset out, amount in, amount out, pnl, is a close, volume, flags): one ledger, in order.
GOLDEN = [
    (BASE, "X", 1000, 10, 0, False, 1000, ()),
    ("X", BASE, 3, 450, 150, True, 450, ()),
    ("X", "Y", 2, 7, 0, False, 0, ()),
    ("Y", BASE, 10, 500, 150, True, 500, PARTIAL),
    ("Y", BASE, 1, 9, 0, False, 9, PARTIAL),
    ("X", BASE, 0, 5, 5, True, 5, ()),
    ("X", "Y", 10, 20, 0, False, 0, PARTIAL),
    ("X", BASE, 5, None, 0, False, 0, ("amount_out_unknown",)),
    (BASE, BASE, 100, 90, 0, False, 0, ("self_trade",)),
    ("Y", BASE, 4, 399, 199, True, 399, ()),
    ("Z", "Y", 5, 5, 0, False, 0, PARTIAL),
    (BASE, "Z", 0, 8, 0, False, 0, ()),
    ("Z", BASE, 8, 3, 3, True, 3, ()),
]


def test_every_row_of_the_golden_trades_has_the_result_worked_out_by_hand() -> None:
    positions: dict[str, Position] = {}
    outcomes = [book_trade(positions, trade(i, *row[:4]), BASE) for i, row in enumerate(GOLDEN)]
    assert outcomes == [TradeOutcome(*row[4:]) for row in GOLDEN]
    assert positions == {"Y": Position(6, 300)}


def test_the_golden_trades_add_up() -> None:
    state = fold([trade(i, *row[:4]) for i, row in enumerate(GOLDEN)], BASE).state
    totals = state.trades
    assert (totals.trades, totals.closes, totals.wins, totals.losing) == (13, 5, 5, 0)
    assert (totals.gains, totals.losses, totals.realised) == (507, 0, 507)
    assert totals.volume == 1000 + 450 + 500 + 9 + 5 + 399 + 3
    assert state.positions == {"Y": Position(6, 300)}
    assert state.flags == {"cost_basis_partial", "amount_out_unknown", "self_trade"}


@pytest.mark.parametrize(
    ("before", "row", "outcome", "after"),
    [
        pytest.param({}, (BASE, "X", 50, 0), (-50, True, 50), {}, id="a buy that brought nothing"),
        pytest.param({}, (BASE, "X", 0, 0), (0, True, 0), {}, id="a buy of nothing for nothing"),
        pytest.param({"X": (4, 9)}, ("X", BASE, 4, 0), (-9, True, 0), {}, id="a sale that brought nothing"),
        pytest.param({"X": (3, 10)}, ("X", BASE, 1, 4), (1, True, 4), {"X": (2, 7)}, id="cost sold rounds down"),
        pytest.param({"X": (3, 10)}, ("X", BASE, 7, 8), (-7, True, 8, PARTIAL), {}, id="known proceeds round down"),
        pytest.param({}, ("X", BASE, 0, 5), (0, False, 5, PARTIAL), {}, id="nothing sold of nothing"),
        pytest.param({"X": (4, 9)}, ("X", "Y", 4, 0), (-9, True, 0), {}, id="a swap that brought nothing"),
        pytest.param(
            {"X": (4, 9), "Y": (1, 1)}, ("X", "Y", 4, 0), (0, False, 0), {"Y": (1, 10)}, id="cost joins what is there"
        ),
        pytest.param(
            {"X": (4, 9)}, ("X", "Y", 100, 20), (-9, True, 0, PARTIAL), {}, id="an oversold swap whose part is nothing"
        ),
        pytest.param(
            {"X": (4, 9)}, ("X", "Y", 0, 5), (0, False, 0, PARTIAL), {"X": (4, 9)}, id="a swap of nothing moves nothing"
        ),
        pytest.param(
            {"X": (4, 9)}, ("X", "X", 4, 5), (0, False, 0, ("self_trade",)), {"X": (4, 9)}, id="a token for itself"
        ),
        pytest.param(
            {}, (BASE, "X", 50, None), (0, False, 0, ("amount_out_unknown",)), {}, id="a buy of an unknown quantity"
        ),
        pytest.param(
            {"X": (UINT256_MAX, UINT256_MAX)},
            ("X", BASE, UINT256_MAX - 1, UINT256_MAX),
            (1, True, UINT256_MAX),
            {"X": (1, 1)},
            id="the ends of uint256",
        ),
    ],
)
def test_a_single_trade_has_the_result_of_its_rule(
    before: dict[str, tuple[int, int]],
    row: tuple[str, str, int, int | None],
    outcome: tuple[object, ...],
    after: dict[str, tuple[int, int]],
) -> None:
    positions = {asset: Position(*held) for asset, held in before.items()}
    assert book_trade(positions, trade(0, *row), BASE) == TradeOutcome(*outcome)  # type: ignore[arg-type]
    assert positions == after


def test_a_producers_result_replaces_the_derived_one_and_positions_move_as_usual() -> None:
    positions = {"X": Position(10, 1000)}
    sale = Trade(key_at(0, Kind.TRADE), "X", BASE, 4, 500, pnl_override=-7)
    assert book_trade(positions, sale, BASE) == TradeOutcome(-7, is_close=True, volume=500)
    assert positions == {"X": Position(6, 600)}


def test_a_producers_result_makes_a_buy_a_close() -> None:
    positions: dict[str, Position] = {}
    buy = Trade(key_at(0, Kind.TRADE), BASE, "X", 100, 5, pnl_override=30)
    assert book_trade(positions, buy, BASE) == TradeOutcome(30, is_close=True, volume=100)
    assert positions == {"X": Position(5, 100)}


def test_a_producers_zero_means_derive_it() -> None:
    positions = {"X": Position(10, 1000)}
    sale = Trade(key_at(0, Kind.TRADE), "X", BASE, 4, 500, pnl_override=0)
    assert book_trade(positions, sale, BASE).pnl == 100


def test_an_unpaid_input_flags_the_trade_and_its_vault_and_changes_no_figure() -> None:
    unpaid = Trade(key_at(0, Kind.TRADE), BASE, "X", 100, 5, input_unpaid=True)
    state, _, [(_, result)] = fold([unpaid], BASE)
    assert result.flags == state.flags == {"input_unpaid"}
    assert state.positions == {"X": Position(5, 100)}
    assert state.trades.volume == 100
