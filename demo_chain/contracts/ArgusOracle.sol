// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// Leaders' scores; an update emits nothing.
contract ArgusOracle {
    struct Metrics {
        uint256 reputationScore; // 0 to 1000
        uint256 winRate; // basis points
        uint256 maxDrawdown; // basis points
        uint256 signalCount;
        uint256 lastUpdated; // block time
    }

    address public immutable keeper;
    mapping(address => Metrics) private _metrics;

    constructor(address keeper_) {
        keeper = keeper_;
    }

    function updateMetrics(address leader, uint256 score, uint256 winRate, uint256 maxDrawdown, uint256 signals) external {
        require(msg.sender == keeper, "not the keeper");
        require(score <= 1000 && winRate <= 10_000 && maxDrawdown <= 10_000, "out of range");
        _metrics[leader] = Metrics(score, winRate, maxDrawdown, signals, block.timestamp);
    }

    function getPerformanceMetrics(address leader)
        external
        view
        returns (uint256 reputationScore, uint256 winRate, uint256 maxDrawdown, uint256 signalCount, uint256 lastUpdated)
    {
        Metrics storage m = _metrics[leader];
        return (m.reputationScore, m.winRate, m.maxDrawdown, m.signalCount, m.lastUpdated);
    }
}
