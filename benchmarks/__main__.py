"""`python -m benchmarks`: which measurements there are, or one of them by name."""

import runpy
import sys

BENCHMARKS = {
    "floor": "Chimera against bare Temporal: jobs a second, events and bytes of a job",
    "conversation": "what a conversation of 10 to 500 model calls leaves in Temporal's history",
    "streaming": "how much later, and how much slower, tokens come through Chimera than through the SDK alone",
    "fanout": "from commit to frame, with many sockets on a few busy tasks",
    "crowd": "a thousand tasks at once, and another user's task among them",
    "reading": "one task's GET against a bare FastAPI app that reads the same row",
    "requests": "how long a worker stands still while a conversation is made a request, by its length",
    "imports": "seconds and modules that a fresh process needs before a provider's first request",
    "cases": "bad answers, odd requests and awkward terminals: what is right, what happens, requests counted",
    "places": "checkouts and data folders in odd places: whether a stack starts, works and stops",
    "security": "repeat the attack on every known weakness: trials and failed checks",
}


def main() -> int:
    if len(sys.argv) > 1 and sys.argv[1] in BENCHMARKS:
        name = sys.argv.pop(1)
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
        return 0
    for name, what in BENCHMARKS.items():
        print(f"python -m benchmarks {name:13} {what}")
    return 2 if len(sys.argv) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
