"""Checkouts and data folders in odd places, each with a stack of its own."""
