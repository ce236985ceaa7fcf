// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {CopyTradingVault} from "./CopyTradingVault.sol";
import {Token} from "./Token.sol";
import {VaultFactory} from "./VaultFactory.sol";

/// A leader that is a contract: does many things in one transaction.
contract Bot {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    modifier onlyOwner() {
        require(msg.sender == owner, "not the owner");
        _;
    }

    /// Create a vault, pay in, buy and sell, take a tenth out again.
    function launch(VaultFactory factory, string calldata name, Token base, Token token, uint256 amount) external onlyOwner {
        CopyTradingVault vault = CopyTradingVault(factory.createVault(name, address(base)));
        base.mint(address(this), amount);
        base.approve(address(vault), amount);
        vault.subscribe(amount);
        vault.executeTrade(address(base), address(token), amount / 2);
        vault.executeTrade(address(token), address(base), token.balanceOf(address(vault)) / 2);
        vault.unsubscribe(amount / 10);
    }

    /// Trades one after the other, of one vault or of several; `donated` units of each token bought are given before.
    function trade(
        CopyTradingVault[] calldata vaults,
        Token[] calldata tokensIn,
        Token[] calldata tokensOut,
        uint256[] calldata amounts,
        uint256 donated
    ) external onlyOwner {
        for (uint256 i = 0; i < vaults.length; i++) {
            tokensOut[i].mint(address(vaults[i]), donated);
            vaults[i].executeTrade(address(tokensIn[i]), address(tokensOut[i]), amounts[i]);
        }
    }
}
