"""Liquidity that the house provides, at a loss that is bounded beforehand."""
