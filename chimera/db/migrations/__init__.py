"""Alembic's migrations; `chimera.db.migrate` runs them."""
