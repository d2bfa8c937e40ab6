"""Queries of the rollups. None of them reads the rows of runs or attempts, so they don't slow down as these grow."""
