"""What commands do: coroutines that end with an exit code."""
