// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// Prices of whole tokens in 1e-18 dollars, written by one keeper.
contract PriceBook {
    event PriceChanged(address indexed token, uint256 price);

    address public immutable keeper;
    mapping(address => uint256) public priceOf;

    constructor(address keeper_) {
        keeper = keeper_;
    }

    function setPrices(address[] calldata tokens, uint256[] calldata prices) external {
        require(msg.sender == keeper, "not the keeper");
        require(tokens.length == prices.length, "one price a token");
        for (uint256 i = 0; i < tokens.length; i++) {
            require(prices[i] > 0, "no price");
            priceOf[tokens[i]] = prices[i];
            emit PriceChanged(tokens[i], prices[i]);
        }
    }
}
