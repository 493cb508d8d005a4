"""What is measured: the networks, their data, how long they train, and the targets.

Every training minimizes the half squared error (cross-entropy for classes) from the
same initial weights, where a library lets one set them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from perceptrons import _checks
from perceptrons.peers.task import Activation, Network

MODERN: tuple[Activation, ...] = ("sigmoid", "relu", "leaky_relu")
SANE_RATE = 0.01
RUNGE_ROWS, MNIST_ROWS, MNIST_PIXELS, MNIST_CLASSES = 1200, 60_000, 784, 10


@dataclass(frozen=True)
class Target:
    """What the ratio (theirs / ours) must reach at least.

    ``against`` a library, or "best peer" (the fastest of the other frameworks, JAX
    being among them). "roof": the share of the machine's matrix product. "seconds":
    ours alone, and then ``value`` is the most.
    """

    against: str
    value: float


Targets = tuple[Target, ...]


@dataclass(frozen=True)
class Workload:
    """One row of the table: networks, data, epochs, threads, and what is asked.

    ``threads`` 0 stands for all cores. ``sample`` holds the networks that stand for
    all of a sweep where a library is slow, ``sampled`` says which they are. Final
    losses agree within ``factor``, or both below ``bound``. ``size`` is the shape of
    "normal" data; "pixels" are MNIST's, standardized, so that none is zero.
    """

    name: str
    title: str
    networks: tuple[Network, ...]
    data: Literal["runge", "mnist", "pixels", "normal"] = "runge"
    size: tuple[int, int, int] | None = None
    epochs: int = 300
    quick_epochs: int = 10
    threads: int = 1
    predict_rows: int = 0
    factor: float = 1.5
    bound: float = 0.01
    sample: tuple[int, ...] = (0,)
    sampled: str = ""
    targets: Targets = ()

    @property
    def is_sweep(self) -> bool:
        """Tell whether many networks are trained, and compiling counts."""
        return bool(self.sampled)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, features and outputs of the training data."""
        if self.size is not None:
            return self.size
        if self.data in ("mnist", "pixels"):
            return MNIST_ROWS, MNIST_PIXELS, MNIST_CLASSES
        return RUNGE_ROWS, 1, 1

    def comparable(self, networks: Iterable[int]) -> list[int]:
        """Return those of the networks whose final losses are no chance."""
        return sorted(
            index
            for index in networks
            if self.networks[index].learning_rate <= SANE_RATE
        )

    def steps(self, network: Network) -> int:
        """Return the steps of one network's training."""
        batch = network.batch or self.shape[0]
        return -(-self.shape[0] // batch) * self.epochs

    def flops(self) -> int:
        """Return the work of the whole training; see :meth:`Network.flops`."""
        rows, n_features, n_outputs = self.shape
        per_row = sum(net.flops(n_features, n_outputs) for net in self.networks)
        return per_row * rows * self.epochs

    def shorter(self) -> Workload:
        """Return the quick form: few epochs, and a third of a sweep's sample."""
        chosen = self.sample[::3]
        return replace(
            self,
            epochs=min(self.epochs, self.quick_epochs),
            # That of predicting the mean: training has hardly begun.
            bound=self.bound if self.predict_rows else max(self.bound, 0.06),
            networks=tuple(self.networks[index] for index in chosen),
            sample=tuple(range(len(chosen))),
        )


def sweep_of_architectures() -> tuple[Network, ...]:
    """Return W3: 1 to 7 layers x 7 widths x 3 activations."""
    widths = (2, 4, 8, 16, 32, 64, 128)
    return tuple(
        Network((width,) * layers, activation)
        for layers, width, activation in product(range(1, 8), widths, MODERN)
    )


def sweep_of_penalties() -> tuple[Network, ...]:
    """Return W4: 3 networks x {L1, L2} x 7 strengths x 8 learning rates."""
    shapes: tuple[tuple[Activation, tuple[int, ...]], ...] = (
        ("sigmoid", (8,) * 7),
        ("relu", (16,) * 6),
        ("leaky_relu", (128,) * 6),
    )
    strengths = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    rates = (0.001, 0.01, 0.1, 1.0, 1.01, 1.1, 1.5, 2.0)
    plain = (
        (Network(hidden, activation, learning_rate=rate), penalty, strength)
        for (activation, hidden), penalty, strength, rate in product(
            shapes, ("l1", "l2"), strengths, rates
        )
    )
    return tuple(
        replace(network, l1=strength)
        if penalty == "l1"
        else replace(network, l2=strength)
        for network, penalty, strength in plain
    )


def _of_four_layers(networks: tuple[Network, ...]) -> tuple[int, ...]:
    """Return the networks of four layers: a layer more costs the same each time."""
    return tuple(i for i, network in enumerate(networks) if len(network.hidden) == 4)


def _diagonals(networks: tuple[Network, ...]) -> tuple[int, ...]:
    """Return 7 of each architecture's 112: every strength once, L1 and L2 in turn."""
    return tuple(
        56 * (2 * shape + strength % 2) + 8 * strength + (strength + shape) % 8
        for shape in range(len(networks) // 112)
        for strength in range(7)
    )


def _small_networks() -> Iterable[Workload]:
    """Yield W1: Adam on batches of 20 rows."""
    yield Workload(
        "W1a",
        "1-10-1 sigmoid, Adam, batch 20, 300 epochs",
        (Network((10,)),),
        targets=(Target("scikit-learn", 120), Target("JAX", 4), Target("mlpack", 3)),
    )
    yield Workload(
        "W1b",
        "1-20x5-1 sigmoid, Adam, batch 20, 300 epochs",
        (Network((20,) * 5),),
        targets=(Target("scikit-learn", 35), Target("best peer", 3.5)),
    )
    yield Workload(
        "W1c",
        "1-128x6-1 leaky ReLU, Adam, batch 20, 300 epochs",
        (Network((128,) * 6, "leaky_relu"),),
        bound=0.05,  # with beta_2 = 0.99 the last epochs are spiky
        targets=(Target("roof", 0.5),),
    )


def _images() -> Workload:
    """Return W2: MNIST."""
    return Workload(
        "W2",
        "784-128-10 sigmoid, softmax, Adam, batch 1000, 30 epochs",
        (Network((128,), batch=1000, betas=(0.9, 0.999)),),
        data="mnist",
        epochs=30,
        quick_epochs=1,
        threads=2,
        factor=2.0,
        targets=(
            Target("scikit-learn", 2.2),
            Target("JAX", 1.5),
            Target("PyTorch", 1.8),
            Target("roof", 0.5),
        ),
    )


def _dense() -> Iterable[Workload]:
    """Yield T1 to T5, tables of normal columns, and MNIST without zeros.

    Sizes that people with tables train, where W1 and W2 are the report's. Their batches
    are whole, since JAX scans over an array of them.
    """
    tables = (
        ("T1", (64, 64), (10_240, 20, 1), 64, 20, 8),
        ("T2", (256, 256), (102_400, 50, 1), 256, 2, 8),
        ("T3", (128, 64), (102_400, 50, 1), 1024, 4, 8),
        ("T4", (512, 512), (51_200, 200, 10), 512, 2, 4),
        ("T5", (32, 32), (1_024, 10, 1), 32, 200, 8),
    )
    for name, hidden, size, batch, epochs, least in tables:
        rows, features, outputs = size
        widths = "-".join(map(str, (features, *hidden, outputs)))
        roofs = (Target("roof", 0.8),) if name in ("T2", "T4") else ()
        yield Workload(
            name,
            f"{rows:,} rows, {widths} ReLU, Adam, batch {batch}, {epochs} epochs",
            (Network(hidden, "relu", learning_rate=0.001, batch=batch),),
            data="normal",
            size=size,
            epochs=epochs,
            quick_epochs=1,
            threads=2,
            bound=0.05,
            targets=(
                Target("best peer", 1.5), Target("scikit-learn", least), *roofs,
            ),
        )  # fmt: skip
    yield Workload(
        "T6",
        "784-1024-10 ReLU, softmax, pixels standardized, Adam, batch 250, 2 epochs",
        (Network((1024,), "relu", learning_rate=0.001, batch=250),),
        data="pixels",
        epochs=2,
        quick_epochs=1,
        threads=2,
        bound=0.1,
        targets=(
            Target("best peer", 1.5), Target("scikit-learn", 8), Target("roof", 0.8),
        ),
    )  # fmt: skip


def _sweeps() -> Iterable[Workload]:
    """Yield W3 and W4: many networks over all cores."""
    w3, w4 = sweep_of_architectures(), sweep_of_penalties()
    yield Workload(
        "W3",
        "147 networks: 1..7 layers x {2..128} nodes x 3 activations",
        w3,
        quick_epochs=3,
        threads=0,
        sample=_of_four_layers(w3),
        sampled="those of four layers",
        targets=(Target("scikit-learn", 15), Target("JAX", 8)),
    )
    yield Workload(
        "W4",
        "336 networks: 3 architectures x {L1, L2} x 7 strengths x 8 learning rates",
        w4,
        quick_epochs=3,
        threads=0,
        bound=0.06,  # strong penalties leave little but the mean to predict
        sample=_diagonals(w4),
        sampled="7 of each architecture, every strength once",
        targets=(Target("scikit-learn", 11), Target("JAX", 3.5)),
    )


def _full_batch(name: str, hidden: tuple[int, ...], targets: Targets) -> Workload:
    """Return W5: gradient descent on all rows."""
    widths = "-".join(map(str, hidden))
    return Workload(
        name,
        f"1-{widths}-1 sigmoid, gradient descent, 100,000 epochs",
        (Network(hidden, rule="gd", batch=0),),
        epochs=100_000,
        quick_epochs=200,
        targets=targets,
    )


def _prediction(rows: int, target: Target) -> Workload:
    """Return W6: predictions of one network."""
    return Workload(
        f"W6-{rows}",
        f"1-20x5-1 sigmoid, predict {rows:,} row{'s' if rows > 1 else ''}",
        (Network((20,) * 5),),
        predict_rows=rows,
        bound=1e-4,  # largest difference to the formula in float64
        targets=(target,),
    )


_ALL = (
    *_small_networks(),
    _images(),
    *_dense(),
    *_sweeps(),
    _full_batch("W5a", (50,), (Target("JAX", 1.0), Target("NumPy", 5.0))),
    _full_batch("W5b", (50, 100), (Target("JAX", 1.3), Target("NumPy", 3.0))),
    _prediction(1, Target("seconds", 2e-6)),
    _prediction(10_000, Target("best peer", 1.0)),
)
WORKLOADS = {workload.name: workload for workload in _ALL}


def select(names: Iterable[str]) -> list[Workload]:
    """Return the workloads of these names, or beginnings ("W1"); all for none.

    Raises
    ------
    ValueError
        For a name that fits none.
    """
    wanted = list(names)
    chosen = set() if wanted else set(WORKLOADS)
    for name in wanted:
        fitting = {known for known in WORKLOADS if known.startswith(name)}
        if not fitting:
            _checks.choice("workloads", name, WORKLOADS)
        chosen |= {name} if name in fitting else fitting
    return [workload for name, workload in WORKLOADS.items() if name in chosen]
