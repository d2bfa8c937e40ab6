"""The garbage collector of a worker."""

import gc


def calm_collector() -> None:
    """Keep the garbage collector off what lives as long as the process.

    The sandbox loads modules for every run; with Python's defaults that sets off walk after walk over the whole heap.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
