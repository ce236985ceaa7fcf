// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// Emits the protocol's events without being part of it: what a reader must ignore. It answers no view.
contract Impostor {
    event VaultDeployed(address indexed leader, address indexed vaultProxy);
    event VaultRegistered(address indexed leader, address indexed vault);
    event FactoryUpdated(address indexed oldFactory, address indexed newFactory);
    event TradeExecuted(address indexed tokenIn, address indexed tokenOut, uint256 totalAmountSwapped);
    event FollowerSubscribed(address indexed follower, uint256 amount);
    event FollowerUnsubscribed(address indexed follower, uint256 amount);
    event ProfitSettled(address indexed follower, uint256 profitGenerated);
    event VaultFrozen(address indexed vault, string reason);
    event OracleUpdated(address indexed newOracle);
    event ProfitSplit(
        address indexed vault,
        address indexed token,
        uint256 totalProfit,
        uint256 leaderCut,
        uint256 protocolCut,
        uint256 followerRemaining
    );

    function forge(address vault, address token, uint256 amount) external {
        emit VaultDeployed(msg.sender, address(this));
        emit VaultRegistered(msg.sender, address(this));
        emit FactoryUpdated(address(0), address(this));
        emit FollowerSubscribed(msg.sender, amount);
        emit TradeExecuted(token, vault, amount);
        emit ProfitSplit(vault, token, amount, amount, 0, 0);
        emit ProfitSettled(msg.sender, amount);
        emit FollowerUnsubscribed(msg.sender, amount);
        emit VaultFrozen(vault, "not from the risk manager");
        emit OracleUpdated(address(this));
    }
}
