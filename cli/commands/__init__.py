"""What is typed: names, arguments and options.

Nothing but Typer is imported here before a command runs, so that `chimera --help` answers at once; what a command does
is in `cli/actions/`.
"""
