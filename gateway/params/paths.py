"""Identifiers in the path of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from libs.errors import violation
from libs.identifiers import Address, parse_any_case_address, user_id, vault_id

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Contender:
    """UUIDs that an id in a path may mean, and the id in one way of writing."""

    written: str
    vault_id: str
    user_id: str


def parse_vault_id(path: Mapping[str, str], chain_id: int) -> str:
    """UUID of the vault in the path, given by UUID or address in any letter case; InvalidArgument."""
    text = path["id"].lower()
    if UUID.fullmatch(text):
        return text
    try:
        return str(vault_id(chain_id, parse_any_case_address(text)))
    except ValueError:
        raise violation("id", "must be a UUID or 0x followed by 40 hex digits") from None


def parse_contender(path: Mapping[str, str], chain_id: int) -> Contender:
    """The vault or user in the path, given by UUID or address in any letter case; InvalidArgument."""
    text = path["id"].lower()
    if UUID.fullmatch(text):
        return Contender(text, text, text)
    try:
        address = parse_any_case_address(text)
    except ValueError:
        raise violation("id", "must be a UUID or 0x followed by 40 hex digits") from None
    return Contender(text, str(vault_id(chain_id, address)), str(user_id(chain_id, address)))


def parse_wallet(path: Mapping[str, str]) -> Address:
    """The wallet in the path in any letter case, as EIP-55 has it; InvalidArgument."""
    try:
        return parse_any_case_address(path["wallet"])
    except ValueError:
        raise violation("wallet", "must be 0x followed by 40 hex digits") from None
