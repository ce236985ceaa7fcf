// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// ERC-1967 proxy: its code is the implementation's, its storage is its own.
contract VaultProxy {
    event Upgraded(address indexed implementation);

    // keccak256("eip1967.proxy.implementation") - 1
    bytes32 private constant SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    constructor(address implementation, bytes memory call) {
        assembly {
            sstore(SLOT, implementation)
        }
        emit Upgraded(implementation);
        (bool done,) = implementation.delegatecall(call);
        require(done, "initialize failed");
    }

    fallback() external {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), sload(SLOT), 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if done { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }
}
