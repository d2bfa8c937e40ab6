"""The built-in provider: an OpenAI-compatible server that answers without a model. Run `python -m chimera.simulator`.

It lets people see the whole of Chimera without a key, and lets tests and benchmarks say what a provider does wrong.
The same request always gets the same answer. docs/reference/simulator.md has the directives.
"""
