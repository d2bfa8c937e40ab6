"""Vendors' wires before the simulator, so that whole stacks talk to it through every vendor's SDK."""
