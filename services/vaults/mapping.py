"""Domain to protobuf and back for the vaults service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import FieldViolation, InvalidArgument, violation
from libs.events import END_OF_TIME, NO_BLOCK
from libs.identifiers import UserId, VaultId, parse_any_case_address, user_id, vault_id
from protos.events.v1 import performance_pb2
from protos.vaults.v1 import vaults_pb2 as pb
from services.vaults.domain import (
    RISK_VERSION,
    Performance,
    Risk,
    Subscription,
    User,
    Vault,
    VaultStatus,
    VaultWindows,
    WindowFigures,
)
from services.vaults.listing import WINDOWS

_Message = TypeVar("_Message")
_Parsed = TypeVar("_Parsed")

# A sum of many uint256; a percentage with the 50 digits of a ratio, or a small one in exponents.
_AMOUNT = re.compile(r"[0-9]{1,200}")
_SIGNED_AMOUNT = re.compile(r"-?[0-9]{1,200}")
_DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,1000})?([eE][-+]?[0-9]{1,4})?")

_STATUS_TO_PROTO = {
    VaultStatus.ACTIVE: pb.VAULT_STATUS_ACTIVE,
    VaultStatus.PAUSED: pb.VAULT_STATUS_PAUSED,
    VaultStatus.LIQUIDATED: pb.VAULT_STATUS_LIQUIDATED,
}


def fill_vault(message: pb.Vault, vault: Vault) -> None:
    """A vault on the wire, written into an empty message.

    A list holds many: made apart, each would be encoded and read again on its way into the list.
    """
    message.id = vault.id
    message.contract_address = vault.contract_address
    leader = message.leader
    leader.id = vault.leader_id
    leader.wallet_address = vault.leader_wallet
    leader.argus_score = vault.leader_score
    leader.joined_at.seconds = vault.leader_joined_at
    message.name = vault.name
    message.base_asset = vault.base_asset
    message.tvl = vault.tvl
    message.max_drawdown_pct = vault.max_drawdown_pct
    message.risk_score = vault.risk_score
    message.monthly_fee = vault.monthly_fee
    message.status = _STATUS_TO_PROTO[vault.status]
    message.created_at.seconds = vault.created_at
    message.follower_count = vault.follower_count
    message.trade_count = vault.trade_count
    message.as_of.seconds = vault.as_of
    if vault.decimals is not None:
        message.decimals = vault.decimals
    if vault.roi_pct is not None:
        message.roi_pct = vault.roi_pct
    if vault.block_number is not None:
        message.block_number = vault.block_number


def risk_to_proto(risk: Risk) -> pb.Risk:
    """A risk score with its parts on the wire."""
    return pb.Risk(
        score=risk.score,
        version=RISK_VERSION,
        argus=risk.argus,
        drawdown=risk.drawdown,
        volatility=risk.volatility,
    )


def user_to_proto(user: User) -> pb.User:
    """A user on the wire."""
    return pb.User(
        id=str(user.id),
        wallet_address=user.wallet_address,
        argus_score=user.argus_score,
        joined_at=Timestamp(seconds=int(user.joined_at.timestamp())),
    )


def subscription_to_proto(subscription: Subscription) -> pb.Subscription:
    """A running subscription on the wire."""
    return pb.Subscription(
        id=str(subscription.id),
        vault_id=str(subscription.vault_id),
        user_id=str(subscription.user_id),
        deposited_amount=str(subscription.deposited_amount),
        subscribed_at=Timestamp(seconds=int(subscription.subscribed_at.timestamp())),
    )


def vault_key_from_proto(request: pb.GetVaultRequest, chain_id: int) -> VaultId:
    """The vault that a request names by UUID or by address."""
    match request.WhichOneof("key"):
        case "vault_id":
            return VaultId(parse_uuid(request.vault_id, "vault_id"))
        case "contract_address":
            try:
                return vault_id(chain_id, parse_any_case_address(request.contract_address))
            except ValueError as error:
                raise violation("contract_address", str(error)) from None
        case _:
            raise violation("key", "must be set")


def user_key_from_proto(request: pb.GetUserRequest, chain_id: int) -> UserId:
    """The user that a request names by UUID or by address."""
    match request.WhichOneof("key"):
        case "user_id":
            return UserId(parse_uuid(request.user_id, "user_id"))
        case "wallet_address":
            try:
                return user_id(chain_id, parse_any_case_address(request.wallet_address))
            except ValueError as error:
                raise violation("wallet_address", str(error)) from None
        case _:
            raise violation("key", "must be set")


def parse_uuid(text: str, field: str) -> UUID:
    """A UUID, or InvalidArgument that names the field."""
    try:
        return UUID(text)
    except ValueError:
        raise violation(field, "must be a UUID") from None


def performances_from_proto(request: pb.UpdatePerformanceRequest) -> list[Performance]:
    """The figures of a request; InvalidArgument names each malformed field."""
    return _each("performances", request.performances, _performance_from_proto)


def windows_from_proto(request: pb.UpdateWindowFiguresRequest) -> list[VaultWindows]:
    """The windows of a request; InvalidArgument names each malformed vault."""
    return _each("figures", request.figures, _windows_from_proto)


def _each(field: str, messages: Iterable[_Message], parse: Callable[[_Message], _Parsed]) -> list[_Parsed]:
    violations: list[FieldViolation] = []
    parsed: list[_Parsed] = []
    for index, message in enumerate(messages):
        try:
            parsed.append(parse(message))
        except ValueError:
            violations.append(FieldViolation(f"{field}[{index}]", "has a malformed id or number"))
    if violations:
        raise InvalidArgument(violations)
    return parsed


def _windows_from_proto(message: performance_pb2.VaultWindowFigures) -> VaultWindows:
    windows = tuple(_window_from_proto(window) for window in message.windows)
    if message.refresh_number > NO_BLOCK or sorted(figures.window for figures in windows) != sorted(WINDOWS):
        raise ValueError(message.vault_id)
    return VaultWindows(VaultId(UUID(message.vault_id)), message.refresh_number, windows)


def _window_from_proto(message: performance_pb2.WindowFigures) -> WindowFigures:
    if not (_SIGNED_AMOUNT.fullmatch(message.pnl) and _AMOUNT.fullmatch(message.volume)):
        raise ValueError(message.window)
    ratios = {
        name: _decimal_text(getattr(message, name)) if message.HasField(name) else None
        for name in ("roi_pct", "max_drawdown_pct", "volatility_pct", "sharpe", "closed_win_rate_pct")
    }
    return WindowFigures(window=message.window, pnl=message.pnl, volume=message.volume, **ratios)


def _performance_from_proto(message: performance_pb2.VaultPerformance) -> Performance:
    """The figures of a message; ValueError for what the tables can't hold."""
    numbers = (message.ledger_version, message.follower_count, message.trade_count, message.block_number)
    if max(numbers) > NO_BLOCK or not 0 <= message.as_of.seconds < END_OF_TIME or not _AMOUNT.fullmatch(message.tvl):
        raise ValueError(message.vault_id)
    return Performance(
        vault_id=VaultId(UUID(message.vault_id)),
        ledger_version=message.ledger_version,
        tvl=int(message.tvl),
        roi_pct=_decimal_text(message.roi_pct) if message.HasField("roi_pct") else None,
        max_drawdown_pct=_decimal_text(message.max_drawdown_pct),
        is_liquidated=message.liquidated,
        follower_count=message.follower_count,
        trade_count=message.trade_count,
        as_of=message.as_of.seconds if message.HasField("as_of") else None,
        block_number=message.block_number if message.HasField("block_number") else None,
    )


def _decimal_text(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return text
