"""An independent, naive oracle of the figures that time drives: windows, risk, leaders, boards, history."""

from tests.oracle_metrics.boards import leader_board, reputation_board, vault_board
from tests.oracle_metrics.comparing import differences
from tests.oracle_metrics.history import history
from tests.oracle_metrics.report import LeaderEntry, Report, VaultFigures, measure
from tests.oracle_metrics.windows import WINDOW_DAYS, WindowFigures

__all__ = [
    "WINDOW_DAYS",
    "LeaderEntry",
    "Report",
    "VaultFigures",
    "WindowFigures",
    "differences",
    "history",
    "leader_board",
    "measure",
    "reputation_board",
    "vault_board",
]
