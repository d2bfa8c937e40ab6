"""Processor time by part of the stack. Unlike a rate, it hardly depends on the machine's other work."""

from collections import Counter

import psutil

PARTS = ("temporal", "postgres", "redis", "bare_worker", "worker", "simulator", "api")
"""The words that identify a part by its command line, in the order in which they are searched for."""


def processor_ms() -> Counter[str]:
    """Return the milliseconds that this process (`benchmark`) and its descendants have used so far, by part."""
    used: Counter[str] = Counter()
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        try:
            times = process.cpu_times()
            name = "benchmark" if process == this else _part_of(process)
        except psutil.Error:
            continue
        used[name] += round((times.user + times.system) * 1000)
    return used


def api_process() -> psutil.Process:
    """Return the API's process, which is a descendant of this process."""
    for process in psutil.Process().children(recursive=True):
        if process.cmdline()[-2:] == ["-m", "api"]:
            return process
    raise LookupError("no API process below this process")


def _part_of(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return next((part for part in PARTS if part in command), "others")
