"""MCP servers: their configuration, connections and tools. The SDK takes two seconds to import, so it is imported late.

`source.py` is the entrance: a worker opens an `McpSource` and adds it to its catalog.
"""
