"""Checkouts and data folders in odd places, each with its own stack."""
