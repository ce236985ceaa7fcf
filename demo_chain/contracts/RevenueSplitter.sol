// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Token} from "./Token.sol";

/// Divides a caller's profit: 20 % to the leader, 5 % to the protocol; the rest is the follower's. Anyone may call.
contract RevenueSplitter {
    event ProfitSplit(
        address indexed vault,
        address indexed token,
        uint256 totalProfit,
        uint256 leaderCut,
        uint256 protocolCut,
        uint256 followerRemaining
    );

    address public immutable treasury;

    constructor(address treasury_) {
        treasury = treasury_;
    }

    function split(Token token, uint256 profit, address leader) external returns (uint256 remaining) {
        uint256 leaderCut = (profit * 20) / 100;
        uint256 protocolCut = (profit * 5) / 100;
        remaining = profit - leaderCut - protocolCut;
        token.transferFrom(msg.sender, leader, leaderCut);
        token.transferFrom(msg.sender, treasury, protocolCut);
        emit ProfitSplit(msg.sender, address(token), profit, leaderCut, protocolCut, remaining);
    }
}
