"""Limits of what users, keys and addresses may do, counted in Redis for all API processes.

Each process also keeps its own count. It decides alone while Redis is away, and applies after Redis was emptied, so the
loss of Redis neither lifts a limit nor rejects anyone.
"""
