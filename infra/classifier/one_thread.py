"""What a process that learns does before numpy is loaded."""

import os


def one_thread() -> None:
    """So small sums take one thread: two wait for each other at each of thousands of steps where cores are busy."""
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
