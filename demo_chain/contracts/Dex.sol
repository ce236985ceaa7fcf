// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {PriceBook} from "./PriceBook.sol";
import {Token} from "./Token.sol";

/// Swaps at the price book's prices out of its own stock, for a fee of 0.1 %.
contract Dex {
    event Swap(address indexed caller, address indexed tokenIn, address indexed tokenOut, uint256 amountIn, uint256 amountOut);

    uint256 public constant FEE_BPS = 10;
    PriceBook public immutable prices;

    constructor(PriceBook prices_) {
        prices = prices_;
    }

    function quote(address tokenIn, address tokenOut, uint256 amountIn) public view returns (uint256) {
        uint256 sold = amountIn * prices.priceOf(tokenIn) * 10 ** Token(tokenOut).decimals();
        return (sold * (10_000 - FEE_BPS)) / (prices.priceOf(tokenOut) * 10 ** Token(tokenIn).decimals() * 10_000);
    }

    function swap(address tokenIn, address tokenOut, uint256 amountIn) external returns (uint256 amountOut) {
        amountOut = quote(tokenIn, tokenOut, amountIn);
        Token(tokenIn).transferFrom(msg.sender, address(this), amountIn);
        Token(tokenOut).transfer(msg.sender, amountOut);
        emit Swap(msg.sender, tokenIn, tokenOut, amountIn, amountOut);
    }
}
