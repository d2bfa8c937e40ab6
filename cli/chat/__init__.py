"""`chimera chat`: a conversation in the terminal, or a single message in a script."""
