"""The tools that agents can use: built in, written in Python by others, of MCP servers, and of HTTP APIs."""
