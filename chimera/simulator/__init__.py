"""The simulator: an OpenAI-compatible server that answers without a model. Run `python -m chimera.simulator`.

It shows all of Chimera without a key, and lets tests and benchmarks inject a provider's faults.
The same request always gets the same answer. docs/reference/simulator.md has the directives.
"""
