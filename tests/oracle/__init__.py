"""An independent, naive oracle of the whole system, written from the definitions and sharing no code."""

from tests.oracle.intake import Job
from tests.oracle.state import Follower, System, TradeRow, User, Vault
from tests.oracle.system import expected

__all__ = ["Follower", "Job", "System", "TradeRow", "User", "Vault", "expected"]
