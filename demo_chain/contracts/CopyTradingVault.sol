// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Dex} from "./Dex.sol";
import {RevenueSplitter} from "./RevenueSplitter.sol";
import {RiskManager} from "./RiskManager.sol";
import {Token} from "./Token.sol";

/// A leader trades what followers paid in; deposits are paid back at their nominal amount.
contract CopyTradingVault {
    event TradeExecuted(address indexed tokenIn, address indexed tokenOut, uint256 totalAmountSwapped);
    event FollowerSubscribed(address indexed follower, uint256 amount);
    event FollowerUnsubscribed(address indexed follower, uint256 amount);
    event ProfitSettled(address indexed follower, uint256 profitGenerated);
    event Upgraded(address indexed implementation);

    struct Position {
        uint256 deposited;
        uint256 waterMark;
    }

    // What was really received, for whoever checks a reader of the events.
    struct Fill {
        address tokenIn;
        address tokenOut;
        uint256 amountIn;
        uint256 amountOut;
    }

    bytes32 private constant SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    Dex private immutable _dex;
    RiskManager private immutable _risk;
    RevenueSplitter private immutable _splitter;

    address public leader;
    address public owner;
    string public vaultName;
    address public baseAsset;
    uint256 public totalVaultTVL;
    mapping(address => Position) public followers;
    address[] private _followers; // everyone who ever paid in
    mapping(address => bool) private _known;
    Fill[] private _fills;

    constructor(Dex dex, RiskManager risk, RevenueSplitter splitter) {
        (_dex, _risk, _splitter) = (dex, risk, splitter);
    }

    modifier onlyLeader() {
        require(msg.sender == leader, "not the leader");
        _;
    }

    function initialize(address leader_, string calldata name, address base) external {
        require(leader == address(0), "already initialized");
        (leader, owner, vaultName, baseAsset) = (leader_, leader_, name, base);
    }

    function upgradeTo(address implementation) external {
        require(msg.sender == owner, "not the owner");
        assembly {
            sstore(SLOT, implementation)
        }
        emit Upgraded(implementation);
    }

    function subscribe(uint256 amount) external {
        require(amount > 0, "nothing to pay in");
        Position storage position = followers[msg.sender];
        if (!_known[msg.sender]) {
            _known[msg.sender] = true;
            _followers.push(msg.sender);
        }
        position.deposited += amount;
        position.waterMark = position.deposited;
        totalVaultTVL += amount;
        Token(baseAsset).transferFrom(msg.sender, address(this), amount);
        emit FollowerSubscribed(msg.sender, amount);
    }

    function unsubscribe(uint256 amount) external {
        Position storage position = followers[msg.sender];
        require(position.deposited >= amount, "more than was paid in");
        position.deposited -= amount;
        position.waterMark = position.deposited;
        totalVaultTVL -= amount;
        Token(baseAsset).transfer(msg.sender, amount);
        emit FollowerUnsubscribed(msg.sender, amount);
    }

    function executeTrade(address tokenIn, address tokenOut, uint256 amount) external onlyLeader {
        _risk.checkTrade(address(this), leader);
        Token(tokenIn).approve(address(_dex), amount);
        uint256 received = _dex.swap(tokenIn, tokenOut, amount);
        _fills.push(Fill(tokenIn, tokenOut, amount, received));
        emit TradeExecuted(tokenIn, tokenOut, amount);
    }

    function settle(address follower, uint256 profit) external onlyLeader {
        Token token = Token(baseAsset);
        token.approve(address(_splitter), profit);
        uint256 remaining = _splitter.split(token, profit, leader);
        token.transfer(follower, remaining);
        emit ProfitSettled(follower, profit);
    }

    function everyFollower() external view returns (address[] memory) {
        return _followers;
    }

    function everyFill() external view returns (Fill[] memory) {
        return _fills;
    }
}
