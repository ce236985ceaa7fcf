"""Hypothesis strategies for ledgers that spread over days to two years, and for the moment to look at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.oracle.jobs import TOKEN, deployed, flow, job, settlement, trade
from tests.oracle.sending import DAY, MAX_UINT256, RawJob
from tests.oracle_metrics.windows import WINDOW_DAYS

MIDNIGHT = 1_700_006_400
"""2023-11-15T00:00:00Z, a Wednesday; the first deployment is near it."""

LONGEST = 730 * DAY

VAULTS = tuple(to_checksum_address(f"0x{0xAA00 + n:040x}") for n in range(3))
LEADERS = tuple(to_checksum_address(f"0x{0xBB00 + n:040x}") for n in range(2))
BASES = tuple(to_checksum_address(f"0x{0xCC00 + n:040x}") for n in range(2))

PLAIN = st.one_of(st.sampled_from((100, 500, 1_000, 10**6, 10**18)), st.integers(50, 5_000))
DUST = st.one_of(st.integers(1, 7), st.integers(1, 100))
HUGE = st.one_of(st.sampled_from((MAX_UINT256, MAX_UINT256 - 1, 2**255, 1, 3)), PLAIN)
AMOUNTS = {"plain": PLAIN, "dust": DUST, "huge": HUGE}

GAPS = (0, 0, 0, 1, 60, 3_600, DAY - 1, DAY, DAY, DAY + 1, 2 * DAY, 7 * DAY)
LONG_GAPS = (29 * DAY, 30 * DAY, 45 * DAY, 90 * DAY, 200 * DAY)


@dataclass(frozen=True)
class Scenario:
    """Jobs of a few vaults, and a `now` (UNIX seconds) that is never before the last event."""

    jobs: list[RawJob]
    now: int


@dataclass
class _Vault:
    """What the strategy knows of a vault: `owned` is Q without the settlements' cuts, near enough to aim with."""

    address: str
    base: str
    owned: int = 0
    nominal: dict[str, int] = field(default_factory=dict)


@dataclass
class _Scene:
    draw: DrawFn
    amounts: SearchStrategy[int]
    time: int
    began: int
    jobs: list[RawJob] = field(default_factory=list)

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def pass_time(self) -> None:
        """Mostly hours and days, now and then to midnight sharp or a second beside it, seldom months."""
        how = self.pick("gap", "gap", "gap", "midnight", "long")
        if how == "midnight":
            self.pass_seconds(-self.time % DAY + self.pick(-1, 0, 0, 1))
        else:
            self.pass_seconds(self.pick(*(LONG_GAPS if how == "long" else GAPS)))

    def pass_seconds(self, seconds: int) -> None:
        if seconds > 0 and self.time + seconds <= self.began + LONGEST:
            self.time += seconds

    def place(self, vault: _Vault) -> dict[str, Any]:
        """Where the next event stands: a block a second, the log indexes in the order of drawing."""
        place = {"timestamp": self.time, "blockNumber": 1_000 + self.time - self.began}
        return place | {"logIndex": len(self.jobs), "vaultAddress": vault.address}

    def add(self, added: RawJob) -> None:
        self.jobs.append(added | {"received_at": self.time})


@st.composite
def scenarios(draw: DrawFn, *, amounts: str | None = None, most_steps: int = 16) -> Scenario:
    """One to three vaults with few events each; `amounts` is a key of AMOUNTS, any of them by default."""
    kind = draw(st.sampled_from(sorted(AMOUNTS))) if amounts is None else amounts
    began = MIDNIGHT + draw(st.sampled_from((0, 0, 1, -1, DAY // 2)))
    scene = _Scene(draw=draw, amounts=AMOUNTS[kind], time=began, began=began)
    vaults = [_Vault(address, scene.pick(*BASES)) for address in VAULTS[: scene.pick(1, 1, 2, 3)]]
    for vault in vaults:
        _deploy(scene, vault)
        if scene.pick(True, True, True, False):
            _deposit(scene, vault)
    for _ in range(draw(st.integers(0, most_steps))):
        scene.pass_time()
        _STEPS[scene.pick(*STEPS)](scene, scene.pick(*vaults))
    for leader in LEADERS:
        _score(scene, leader)
    if scene.pick(False, False, True):
        _pause(scene, scene.pick(*vaults))
    return Scenario(scene.jobs, draw(moments_to_look(scene.jobs)))


def moments_to_look(jobs: list[RawJob]) -> SearchStrategy[int]:
    """At or after the last event: then, at midnights, or with a window's edge on or a second beside an event."""
    bodies = [job["kwargs"] for job in jobs]
    times = {body.get("timestamp", body.get("observedAt")) for body in bodies}
    last = max(times)
    midnight = last + -last % DAY
    edges = {time + days * DAY for time in times for days in WINDOW_DAYS.values() if days}
    edges |= {last, last + 400 * DAY, midnight, midnight + DAY, midnight + 30 * DAY, midnight + 31 * DAY}
    near = {edge + beside for edge in edges for beside in (-1, 0, 1)}
    return st.sampled_from(sorted(time for time in near if time >= last))


def _deploy(scene: _Scene, vault: _Vault) -> None:
    place = scene.place(vault) | {"leader": scene.pick(*LEADERS), "baseAsset": vault.base}
    scene.add(deployed(len(scene.jobs) + 1, **place))


def _deposit(scene: _Scene, vault: _Vault) -> None:
    _flow(scene, vault, scene.pick(*"ABC"), "DEPOSIT", scene.draw(scene.amounts))


def _exit(scene: _Scene, vault: _Vault) -> None:
    """One wallet takes out all that it put in, which may leave profit behind or overdraw the vault."""
    holders = [who for who, amount in vault.nominal.items() if 0 < amount <= MAX_UINT256]
    if holders:
        who = scene.pick(*holders)
        _flow(scene, vault, who, "WITHDRAW", vault.nominal[who])


def _total_exit(scene: _Scene, vault: _Vault) -> None:
    """Everybody leaves within a second, and what remains of Q goes with the last."""
    for who, amount in list(vault.nominal.items()):
        _flow(scene, vault, who, "WITHDRAW", min(amount, MAX_UINT256))
    if vault.owned:
        _flow(scene, vault, "A", "WITHDRAW", min(vault.owned, MAX_UINT256))


def _withdrawal(scene: _Scene, vault: _Vault) -> None:
    _flow(scene, vault, scene.pick(*"ABC"), "WITHDRAW", scene.draw(scene.amounts))


def _flow(scene: _Scene, vault: _Vault, who: str, action: str, amount: int) -> None:
    number = len(scene.jobs) + 1
    scene.add(flow(number, who, action, amount, **scene.place(vault)))
    signed = amount if action == "DEPOSIT" else -amount
    vault.nominal[who] = max(0, vault.nominal.get(who, 0) + signed)
    vault.owned = max(0, vault.owned + signed)


def _result(scene: _Scene, vault: _Vault) -> None:
    """A profit or loss in proportion to the vault, or of dust."""
    part = max(1, vault.owned // scene.pick(2, 3, 7, 10, 10, 20, 100))
    _trade(scene, vault, scene.pick(part, part, part, -part, -part, -part, 1, -1, 0))


def _run(scene: _Scene, vault: _Vault) -> None:
    """A result a day for some days in a row."""
    for _ in range(scene.draw(st.integers(2, 6))):
        _result(scene, vault)
        scene.pass_seconds(DAY)


def _liquidation(scene: _Scene, vault: _Vault) -> None:
    """All of Q is lost, or a little more; often somebody pays in again."""
    loss = min(MAX_UINT256, vault.owned + scene.pick(0, 0, 1, 200))
    _trade(scene, vault, -loss)
    if scene.pick(True, False):
        scene.pass_time()
        _deposit(scene, vault)


def _trade(scene: _Scene, vault: _Vault, result: int) -> None:
    result = max(-MAX_UINT256, min(MAX_UINT256, result))
    volume = {"amountIn": str(scene.draw(DUST)), "amountOut": str(scene.pick(1, 1, 0))}
    pair = {"assetIn": vault.base, "assetOut": TOKEN}
    scene.add(trade(len(scene.jobs) + 1, result, **volume, **pair, **scene.place(vault)))
    vault.owned = max(0, vault.owned + result) if vault.owned else 0


def _sale(scene: _Scene, vault: _Vault) -> None:
    """Tokens sold, whatever they cost: the result is derived."""
    pair = {"assetIn": TOKEN, "assetOut": vault.base, "amountIn": "1"}
    scene.add(trade(len(scene.jobs) + 1, 0, amountOut=str(scene.draw(DUST)), **pair, **scene.place(vault)))


def _settle(scene: _Scene, vault: _Vault) -> None:
    part = vault.owned // scene.pick(4, 20, 100)
    amounts = {"leaderCut": str(part // 10), "protocolCut": str(part // 20)}
    amounts["followerRemaining"] = str(min(part, MAX_UINT256))
    scene.add(settlement(len(scene.jobs) + 1, scene.pick(*"ABC"), **amounts, **scene.place(vault)))
    vault.owned -= min(vault.owned, part + part // 10 + part // 20)


def _score(scene: _Scene, leader: str) -> None:
    score = scene.pick(None, 0, 1, 599, 600, 800, 1_000)
    if score is not None:
        body: RawJob = {"walletAddress": leader, "reputationScore": score, "signalCount": 3, "observedAt": scene.time}
        scene.add(job("argus_score", f"score-{leader}", winRateBps=5_000, maxDrawdownBps=1_000, **body))


def _pause(scene: _Scene, vault: _Vault) -> None:
    body: RawJob = {"vaultAddress": vault.address, "status": "PAUSED", "reason": "frozen", "observedAt": scene.time}
    scene.add(job("vault_status", "status", **body))


STEPS = ["deposit"] * 3 + ["result"] * 5 + ["run"] * 2 + ["liquidation"] * 2
STEPS += ["exit", "total_exit", "withdrawal", "settle", "sale"]
_STEPS: dict[str, Callable[[_Scene, _Vault], None]] = {
    "deposit": _deposit,
    "result": _result,
    "run": _run,
    "exit": _exit,
    "total_exit": _total_exit,
    "withdrawal": _withdrawal,
    "settle": _settle,
    "sale": _sale,
    "liquidation": _liquidation,
}
