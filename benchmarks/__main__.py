"""`python -m benchmarks`: list the measurements, or run one by name."""

import runpy
import sys

BENCHMARKS = {
    "floor": "Chimera compared with bare Temporal: jobs per second, events and bytes per job",
    "conversation": "size of Temporal's history after a conversation of 10 to 500 model calls",
    "streaming": "token delay and rate through Chimera, compared with the SDK alone",
    "replies": "first token of replies by hop, replies whose worker is killed, and the cost of long sessions",
    "fanout": "time from an event's commit to its frame, with many sockets on a few busy tasks",
    "crowd": "a thousand simultaneous tasks, with another user's task among them",
    "waiting": "a thousand tasks that wait for a person: processor time, worker slots, and how all continue",
    "reading": "reading one task, compared with a bare FastAPI app that reads the same row",
    "requests": "how long building a request blocks a worker, by conversation length",
    "analytics": "figures over a million model calls, and what recording them costs a call",
    "shims": "processor time saved by each departure from the SDK's and Python's defaults",
    "imports": "time and imports that a new process needs before a provider's first request",
    "cases": "bad answers, odd requests and awkward terminals: expected and actual results",
    "mcp": "every tool of three public MCP servers, called by stdio and by HTTP",
    "openai": "unmodified clients of OpenAI against the OpenAI-compatible API",
    "places": "whether a stack starts, works and stops with checkouts and data folders in odd places",
    "console": "the console in Chromium: frames under a stream of events, and Lighthouse's scores",
    "fuzz": "schemathesis on the whole OpenAPI document: cases and failed checks",
    "security": "attacks on all known weaknesses: trials and failed checks",
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
