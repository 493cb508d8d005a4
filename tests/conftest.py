"""Shared fixtures: strict floating point, and one seeded generator."""

import signal

import joblib
import numpy as np
import pytest

# A shell's background job ignores Ctrl-C, and so would every child of it: the tests
# that press it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config):
    """Run the files of tests over the cores, some of which need two of them."""
    return min(4, joblib.cpu_count())


@pytest.fixture(autouse=True)
def strict_floating_point():
    """Raise on overflow, division by zero and invalid values; underflow may pass."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


@pytest.fixture
def rng():
    """Return a seeded generator."""
    return np.random.default_rng(20240229)


@pytest.fixture
def global_random_seed():
    """Return the seed that scikit-learn's own tests ask for."""
    return 42
