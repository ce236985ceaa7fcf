// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// Every vault, and the factory that may add one.
contract VaultRegistry {
    event VaultRegistered(address indexed leader, address indexed vault);
    event FactoryUpdated(address indexed oldFactory, address indexed newFactory);

    address public immutable admin;
    address public factory;
    address[] private _vaults;

    constructor(address admin_) {
        admin = admin_;
    }

    function setFactory(address factory_) external {
        require(msg.sender == admin, "not the admin");
        emit FactoryUpdated(factory, factory_);
        factory = factory_;
    }

    function register(address leader, address vault) external {
        require(msg.sender == factory, "not the factory");
        _vaults.push(vault);
        emit VaultRegistered(leader, vault);
    }

    function everyVault() external view returns (address[] memory) {
        return _vaults;
    }
}
