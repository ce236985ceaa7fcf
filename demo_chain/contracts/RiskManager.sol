// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ArgusOracle} from "./ArgusOracle.sol";

/// Freezes vaults and says who may trade; unfreezing emits nothing.
contract RiskManager {
    event VaultFrozen(address indexed vault, string reason);
    event OracleUpdated(address indexed newOracle);

    uint256 public constant MINIMUM_SCORE = 600;
    address public immutable admin;
    address public argusOracle;
    mapping(address => bool) public isVaultFrozen;

    constructor(address admin_) {
        admin = admin_;
    }

    modifier onlyAdmin() {
        require(msg.sender == admin, "not the admin");
        _;
    }

    function setOracle(address oracle) external onlyAdmin {
        argusOracle = oracle;
        emit OracleUpdated(oracle);
    }

    function freezeVault(address vault, string calldata reason) external onlyAdmin {
        isVaultFrozen[vault] = true;
        emit VaultFrozen(vault, reason);
    }

    function unfreezeVault(address vault) external onlyAdmin {
        isVaultFrozen[vault] = false;
    }

    function checkTrade(address vault, address leader) external view {
        require(!isVaultFrozen[vault], "vault is frozen");
        (uint256 score,,,,) = ArgusOracle(argusOracle).getPerformanceMetrics(leader);
        require(score >= MINIMUM_SCORE, "leader's score is too low");
    }
}
