"""The tests, mirroring the code. They use the real PostgreSQL, Redis and Temporal server (`conftest.py`)."""
