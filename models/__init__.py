"""The data that parts exchange: contracts, ids, events and errors. Nothing here does I/O."""
