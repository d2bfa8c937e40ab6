"""What travels between the parts: contracts, ids, events and errors. Nothing here does I/O."""
