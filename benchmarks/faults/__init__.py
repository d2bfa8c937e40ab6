"""Fault injection with whole processes, and the checker that judges what was left; docs/reference/faults.md."""
