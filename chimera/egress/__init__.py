"""Requests to addresses that a model or a user chose. They reach only public servers and those on the allow-list."""
