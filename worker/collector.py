"""The garbage collector of a worker."""

import gc


def calm_collector() -> None:
    """Keep the garbage collector away from objects that live as long as the process.

    The sandbox loads modules for every run. With Python's defaults, this would cause scan after scan of the whole heap.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
