"""The libraries that are measured, one module each, and how much of the work they do.

A module has ``trainer(tasks, threads)``, which prepares and returns what is timed, or
``predictor(task)``, which returns what is called with the rows, or both. Those of the
report's libraries have ``fit(task)``, too, which also returns the costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes.util import find_library
from dataclasses import dataclass, field
from importlib.util import find_spec

from perceptrons import _checks


@dataclass(frozen=True)
class Share:
    """The part of a workload a slow library is given; its time grows in proportion.

    ``epochs`` is a divisor of the number of epochs; ``sample`` asks for the sampled
    networks of a sweep only.
    """

    epochs: int = 1
    sample: bool = False


@dataclass(frozen=True)
class Peer:
    """A library: the module that measures it, and what must be installed.

    ``needs`` is a Python module, or with a leading "lib" a shared library, and
    ``backends`` are modules of which it needs one more. ``does`` says whether it is
    asked to train, to predict, or both.
    """

    name: str
    home: str
    needs: str = "numpy"
    package: str = ""
    hint: str = ""
    backends: tuple[str, ...] = ()
    does: tuple[str, ...] = ("train", "predict")
    shares: Mapping[str, Share] = field(default_factory=dict)

    def is_installed(self) -> bool:
        """Tell whether the library can be imported."""
        if self.needs.startswith("lib"):
            return find_library(self.needs.removeprefix("lib")) is not None
        if self.backends and not any(map(find_spec, self.backends)):
            return False
        return find_spec(self.needs) is not None


OURS = Peer("perceptrons", "perceptrons.peers.ours", package="perceptrons")

_ALL = (
    OURS,
    Peer(
        "NumPy",
        "perceptrons.peers.careful_numpy",
        package="numpy",
        shares={
            "W1c": Share(6),
            "W2": Share(3),
            "W3": Share(4, sample=True),
            "W4": Share(10, sample=True),
            "W5a": Share(20),
            "W5b": Share(50),
        },
    ),
    Peer(
        "scikit-learn",
        "perceptrons.peers.scikit_learn",
        "sklearn",
        "scikit-learn",
        "pip install scikit-learn",
        shares={
            "W1c": Share(10),
            "W2": Share(3),
            "W3": Share(sample=True),
            "W4": Share(2, sample=True),
            "W5a": Share(50),
            "W5b": Share(100),
        },
    ),
    Peer(
        "JAX",
        "perceptrons.peers.jax_scan",
        "jax",
        "jax",
        "pip install jax",
        shares={
            "W3": Share(sample=True),
            "W4": Share(sample=True),
            "W5b": Share(4),
        },
    ),
    Peer(
        "PyTorch",
        "perceptrons.peers.pytorch",
        "torch",
        "torch",
        "pip install torch --index-url https://download.pytorch.org/whl/cpu",
        shares={
            "W1a": Share(3),
            "W1b": Share(3),
            "W1c": Share(10),
            "W2": Share(3),
            "W3": Share(5, sample=True),
            "W4": Share(10, sample=True),
            "W5a": Share(50),
            "W5b": Share(100),
        },
    ),
    Peer(
        "Keras",
        "perceptrons.peers.keras_fit",
        "keras",
        "keras",
        "pip install keras tensorflow",
        backends=("tensorflow", "torch", "jax"),
        shares={
            "W1a": Share(30),
            "W1b": Share(30),
            "W1c": Share(60),
            "W2": Share(10),
            "W3": Share(30, sample=True),
            "W4": Share(60, sample=True),
            "W5a": Share(1000),
            "W5b": Share(1000),
        },
    ),
    Peer(
        "onnxruntime",
        "perceptrons.peers.onnx_runtime",
        "onnxruntime",
        "onnxruntime",
        "pip install onnx onnxruntime",
        does=("predict",),
    ),
    Peer(
        "FANN",
        "perceptrons.peers.fann",
        "libfann",
        hint="apt install libfann2",
        does=("predict",),
    ),
)

PEERS = {peer.name: peer for peer in _ALL}


def select(names: Iterable[str]) -> list[Peer]:
    """Return ours and the peers that are named, in any case; all for none.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    by_lower = {name.lower(): name for name in PEERS}
    wanted = {
        _checks.choice("peers", by_lower.get(name.lower(), name), PEERS)
        for name in names
    }
    return [
        peer
        for name, peer in PEERS.items()
        if peer is OURS or not wanted or name in wanted
    ]
