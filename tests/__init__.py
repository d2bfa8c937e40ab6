"""Tests that mirror the code's layout. They use real PostgreSQL, Redis and Temporal servers (see `conftest.py`)."""
