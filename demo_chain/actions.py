"""Everything that an actor of the demo can do; each action says in one line what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

from demo_chain.chain import Call, Chain
from demo_chain.deployment import Addresses
from demo_chain.market import BASES, COINS, NAMES, REASONS, STABLE, Coin, moved, part, shown, units
from demo_chain.views import VaultView, Views
from libs.identifiers import Address

_MOST_VAULTS: Final = 40
_DONATION: Final = 7  # smallest units given to a vault before it trades
# What stays in the base asset, in thousandths of the TVL, so that followers can leave.
_RESERVE: Final = 350
_TRIES: Final = 8
_MINIMUM_SCORE: Final = 600  # the risk manager's


class NothingToDoError(RuntimeError):
    """The action finds no vault or nobody to act on; the text says what was missing."""


class Actions:
    """Actors on one deployment. Each action raises RevertedError or NothingToDoError when it could not act."""

    def __init__(self, chain: Chain, addresses: Addresses, random: Random) -> None:
        self._chain = chain
        self._addresses = addresses
        self._random = random
        self._views = Views(chain, addresses)
        self.weighted: Final[dict[Callable[[], Awaitable[str]], int]] = {
            self.trade: 440,
            self.deposit: 220,
            self.withdraw: 110,
            self.move_prices: 110,
            self.trade_several: 30,
            self.score: 30,
            self.freeze: 12,
            self.unfreeze: 10,
            self.launch: 8,
            self.settle: 8,
            self.create_vault: 6,
            self.withdraw_nothing: 6,
            self.forge: 6,
            self.replace_factory: 2,
        }

    async def draw(self) -> str:
        """Do one action by chance; its line."""
        (action,) = self._random.choices(list(self.weighted), list(self.weighted.values()))
        return await action()

    async def trade(self) -> str:
        """A leader buys, sells or swaps one token for another."""
        vault = await self._a_trading_vault()
        sold, bought, amount = self._decide(vault)
        received = await self._views.quote(sold, bought, amount)
        tokens = (self._views.token(sold), self._views.token(bought))
        await self._chain.send((vault.leader, _vault(vault.address, "executeTrade", *tokens, amount)))
        return f"{vault.name}: {_amount(amount, sold)} sold for {_amount(received, bought)}"

    async def deposit(self) -> str:
        """A follower pays in, with tokens made for it."""
        vault = await self._a_vault(lambda _view: True)
        follower = self._random.choice(self._addresses.followers)
        amount = await self._worth(vault.base, self._random.randint(200, 9_000)) + self._random.randint(1, 999)
        token = self._views.token(vault.base)
        calls = (
            Call("Token", token, "mint", (follower, amount)),
            Call("Token", token, "approve", (vault.address, amount)),
            _vault(vault.address, "subscribe", amount),
        )
        await self._chain.send(*((follower, call) for call in calls))
        return f"{vault.name}: {follower[:8]} deposits {_amount(amount, vault.base)}"

    async def withdraw(self) -> str:
        """A follower takes out a part, or all of it when the vault has that much at hand."""
        vault = await self._a_vault(lambda view: bool(self._people(view)) and view.tvl > 0 and view.base_balance > 0)
        follower = self._random.choice(self._people(vault))
        deposited = await self._views.deposited(vault.address, follower)
        wanted = deposited if self._random.random() < 0.4 else part(deposited, 100, 700, self._random)
        amount = min(wanted, vault.base_balance)
        if amount == 0:
            raise NothingToDoError(f"{vault.name}: {follower[:8]} has nothing to withdraw")
        await self._chain.send((follower, _vault(vault.address, "unsubscribe", amount)))
        left = " and leaves" if amount == deposited else ""
        return f"{vault.name}: {follower[:8]} withdraws {_amount(amount, vault.base)}{left}"

    async def withdraw_nothing(self) -> str:
        """A stranger withdraws 0, which the contract allows."""
        vault = await self._a_vault(lambda _view: True)
        stranger = self._addresses.keeper
        await self._chain.send((stranger, _vault(vault.address, "unsubscribe", 0)))
        return f"{vault.name}: a stranger withdraws 0"

    async def settle(self) -> str:
        """A leader settles a follower's profit: a part of what the vault is worth above its TVL."""
        prices = await self._views.prices()
        vault = await self._a_vault(
            lambda view: self._profit(view, prices) > 0 and bool(view.followers) and view.leader != self._addresses.bot
        )
        profit = max(part(self._profit(vault, prices), 50, 400, self._random), 1)
        follower = self._random.choice(vault.followers)
        await self._chain.send((vault.leader, _vault(vault.address, "settle", follower, profit)))
        return f"{vault.name}: profit of {_amount(profit, vault.base)} settled for {follower[:8]}"

    async def create_vault(self) -> str:
        """A leader opens one more vault, names may repeat."""
        await self._check_room()
        leader = self._random.choice(self._addresses.leaders)
        name = f"{self._random.choice(NAMES)} {self._random.choice(('II', 'III', '', 'Pro'))}".strip()
        base = self._addresses.tokens[self._random.choice(BASES)]
        factory = await self._views.factory()
        await self._chain.send((leader, Call("VaultFactory", factory, "createVault", (name.encode(), base))))
        return f"{name}: opened by {leader[:8]}"

    async def launch(self) -> str:
        """The bot opens a vault, pays in, trades twice and takes out, all in one transaction."""
        await self._check_room()
        base, token = COINS[0], self._random.choice(COINS[1:])
        amount = await self._worth(base, self._random.randint(1_000, 20_000))
        arguments = (await self._views.factory(), b"Bot", self._views.token(base), self._views.token(token), amount)
        await self._chain.send((self._addresses.keeper, Call("Bot", self._addresses.bot, "launch", arguments)))
        return f"Bot: opened with {_amount(amount, base)} and traded in one transaction"

    async def trade_several(self) -> str:
        """The bot buys in one to all of its vaults in one transaction, in the last one twice."""
        views = [await self._views.vault(address) for address in await self._views.vaults()]
        usable = [
            view
            for view in views
            if view and view.leader == self._addresses.bot and not view.frozen and _spendable(view) > 0
        ]
        if not usable:
            raise NothingToDoError("the bot has no vault that can buy")
        chosen = self._random.sample(usable, self._random.randint(1, min(3, len(usable))))
        chosen.append(chosen[-1])
        bought = [self._random.choice([coin for coin in COINS if coin != view.base]) for view in chosen]
        arguments = (
            tuple(view.address for view in chosen),
            tuple(self._views.token(view.base) for view in chosen),
            tuple(self._views.token(coin) for coin in bought),
            tuple(_spendable(view) // 8 for view in chosen),
            _DONATION,
        )
        await self._chain.send((self._addresses.keeper, Call("Bot", self._addresses.bot, "trade", arguments)))
        return f"Bot: {len(chosen)} trades in one transaction"

    async def move_prices(self) -> str:
        """Every price but the dollar's takes a step."""
        prices = await self._views.prices()
        coins = [coin for coin in COINS if coin.symbol != STABLE]
        stepped = [moved(prices[coin], coin.dollars, self._random) for coin in coins]
        arguments = (tuple(map(self._views.token, coins)), tuple(stepped))
        await self._chain.send(
            (self._addresses.keeper, Call("PriceBook", self._addresses.prices, "setPrices", arguments))
        )
        told = (f"{coin.symbol} {shown(price, 18)}" for coin, price in zip(coins, stepped, strict=True))
        return f"prices: {', '.join(told)}"

    async def score(self) -> str:
        """The oracle changes a leader's score, silently; the bot's stays good enough to trade."""
        leader = self._random.choice((*self._addresses.leaders, self._addresses.bot))
        lowest = 620 if leader == self._addresses.bot else 560
        ranges = ((lowest, 980), (3_000, 8_000), (200, 4_000), (10, 500))
        figures = [self._random.randint(*each) for each in ranges]
        call = Call("ArgusOracle", self._addresses.oracle, "updateMetrics", (leader, *figures))
        await self._chain.send((self._addresses.keeper, call))
        return f"score of {leader[:8]}: {figures[0]}"

    async def freeze(self) -> str:
        """The risk manager freezes a vault."""
        vault = await self._a_vault(lambda view: not view.frozen)
        call = Call(
            "RiskManager", self._addresses.risk_manager, "freezeVault", (vault.address, self._random.choice(REASONS))
        )
        await self._chain.send((self._addresses.keeper, call))
        return f"{vault.name}: frozen"

    async def unfreeze(self) -> str:
        """The risk manager lets a vault trade again, silently."""
        vault = await self._a_vault(lambda view: view.frozen)
        call = Call("RiskManager", self._addresses.risk_manager, "unfreezeVault", (vault.address,))
        await self._chain.send((self._addresses.keeper, call))
        return f"{vault.name}: unfrozen"

    async def forge(self) -> str:
        """A stranger emits every event of the protocol from a contract that is none of it."""
        vault = self._random.choice(await self._views.vaults())
        amount = self._random.choice((1, 10**9, 2**256 - 1))
        call = Call("Impostor", self._addresses.impostor, "forge", (vault, self._views.token(COINS[0]), amount))
        await self._chain.send((self._addresses.keeper, call))
        return "an impostor emits look-alike events"

    async def replace_factory(self) -> str:
        """The registry takes vaults from a new factory from now on."""
        keeper, registry = self._addresses.keeper, self._addresses.registry
        (factory,) = await self._chain.deploy(keeper, ("VaultFactory", (self._addresses.implementation, registry)))
        await self._chain.send((keeper, Call("VaultRegistry", registry, "setFactory", (factory,))))
        return f"a new factory at {factory}"

    async def _a_vault(self, wanted: Callable[[VaultView], bool]) -> VaultView:
        vaults = await self._views.vaults()
        for address in self._random.sample(vaults, min(_TRIES, len(vaults))):
            view = await self._views.vault(address)
            if view is not None and wanted(view):
                return view
        raise NothingToDoError("no vault for it now")

    def _profit(self, vault: VaultView, prices: Mapping[Coin, int]) -> int:
        """What the vault is worth above its TVL, as far as it is at hand."""
        return min(vault.worth(prices) - vault.tvl, _spendable(vault))

    def _people(self, vault: VaultView) -> list[Address]:
        """Followers that sign for themselves: all but the bot."""
        return [follower for follower in vault.followers if follower != self._addresses.bot]

    async def _a_trading_vault(self) -> VaultView:
        """A vault of a person; a leader whose score is too low tries it all the same now and then."""
        for _ in range(_TRIES):
            vault = await self._a_vault(
                lambda view: view.tvl > 0 and not view.frozen and view.leader != self._addresses.bot
            )
            if await self._views.score(vault.leader) >= _MINIMUM_SCORE or self._random.random() < 0.1:
                return vault
        raise NothingToDoError("no leader may trade now")

    async def _check_room(self) -> None:
        if len(await self._views.vaults()) >= _MOST_VAULTS:
            raise NothingToDoError(f"there are {_MOST_VAULTS} vaults already")

    async def _worth(self, coin: Coin, dollars: int) -> int:
        return units(dollars, (await self._views.prices())[coin], coin.decimals)

    def _decide(self, vault: VaultView) -> tuple[Coin, Coin, int]:
        """(sold, bought, amount) of a leader's next trade."""
        held = vault.held()
        spendable = _spendable(vault)
        if held and (spendable <= 0 or self._random.random() < 0.5):
            sold = self._random.choice(held)
            others = [coin for coin in COINS if coin not in (sold, vault.base)]
            bought = self._random.choice(others) if self._random.random() < 0.15 else vault.base
            balance = vault.balances[sold.symbol]
            amount = balance if self._random.random() < 0.4 else part(balance, 200, 800, self._random)
            return sold, bought, max(amount, 1)
        if spendable <= 0:
            raise NothingToDoError(f"{vault.name}: nothing to trade with")
        bought = self._random.choice([coin for coin in COINS if coin != vault.base])
        return vault.base, bought, max(part(spendable, 150, 600, self._random), 1)


def _spendable(vault: VaultView) -> int:
    return vault.base_balance - vault.tvl * _RESERVE // 1000


def _vault(address: Address, function: str, *arguments: object) -> Call:
    return Call("CopyTradingVault", address, function, arguments)


def _amount(amount: int, coin: Coin) -> str:
    return f"{shown(amount, coin.decimals)} {coin.symbol}"
