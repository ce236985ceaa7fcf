// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {CopyTradingVault} from "./CopyTradingVault.sol";
import {VaultProxy} from "./VaultProxy.sol";
import {VaultRegistry} from "./VaultRegistry.sol";

/// Deploys a vault's proxy for whoever asks; name and base asset are the leader's free choice.
contract VaultFactory {
    event VaultDeployed(address indexed leader, address indexed vaultProxy);

    address public immutable implementation;
    VaultRegistry public immutable registry;

    constructor(address implementation_, VaultRegistry registry_) {
        implementation = implementation_;
        registry = registry_;
    }

    function createVault(string calldata name, address base) external returns (address vault) {
        bytes memory call = abi.encodeCall(CopyTradingVault.initialize, (msg.sender, name, base));
        vault = address(new VaultProxy(implementation, call));
        registry.register(msg.sender, vault);
        emit VaultDeployed(msg.sender, vault);
    }
}
