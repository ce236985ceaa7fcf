"""An independent, naive oracle of the whole system, written from the definitions and sharing no code with it."""

from tests.oracle.system import Follower, Job, System, TradeRow, User, Vault, expected

__all__ = ["Follower", "Job", "System", "TradeRow", "User", "Vault", "expected"]
