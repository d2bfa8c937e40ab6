"""The simulator: an OpenAI-compatible server that answers without a model. Run `python -m chimera.simulator`.

With it, all of Chimera can be tried without an API key, and tests and benchmarks can inject a provider's faults.
The same request always gets the same answer. The directives are listed in docs/reference/simulator.md.
"""
