"""The race: which settings suit a table, found fold by fold within a budget of work.

Successive halving (Jamieson and Talwalkar 2016, Non-stochastic best arm
identification): every setting runs a quarter of the course on the first fold, the best
run the whole of it in every shape, and the best of those on all other folds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.estimators import MLPRegressor
from perceptrons.many import run_all
from perceptrons.network import Architecture
from perceptrons.objective import Data, Problem
from perceptrons.predicting import linked_outputs
from perceptrons.presets.encodings import ENCODINGS, Encoder, Encoding, Scaler
from perceptrons.presets.rows import Rows
from perceptrons.scores import MinusLoss, Score

Array = NDArray[np.floating[Any]]

# Learning rate of Adam where the cosine begins, by shape; () is a linear model.
RATES = {
    (): 0.03,
    (64, 64): 0.01,
    (64, 64, 64): 0.007,
    (128, 128): 0.007,
    (128, 128, 128): 0.005,
}
# A line, and a sum of broken lines, one of each column.
LINEAR_ENCODINGS = ("plain", "bins")
LINEAR_PENALTIES = (0.3, 3.0, 30.0)
# Share of the course that is run first.
HEAT = 0.25
# A finalist may be this much worse than the best if it sees the columns otherwise.
KINDRED = 1.1
FEWEST_EPOCHS, MOST_EPOCHS = 12, 200
# As many steps as a course should have, where the rows of a batch allow it.
STEPS, LEAST_BATCH, MOST_BATCH = 2500, 16, 256
PATIENCE = 40
# With fewer rows there are few steps, which may be twice as large; and an encoding
# that bends everywhere learns them by heart.
FEW_ROWS, WILD = 2000, "cosines"
# A small table may cost as much as one of so many rows.
LEAST_ROWS = 1500


@dataclass(frozen=True)
class Setting:
    """What the inner validation chooses among.

    Parameters
    ----------
    encoding : {"plain", "bins", "normal", "cosines"}
    hidden_layer_sizes : tuple of int
        () for a linear model.
    penalty : float
        n l2: the prior on the weights counts as much as so many rows.
    """

    encoding: Encoding
    hidden_layer_sizes: tuple[int, ...]
    penalty: float


@dataclass(frozen=True)
class Effort:
    """What a fit may cost, and what it is spent on.

    Parameters
    ----------
    work : float
        Floating-point operations per row, for all networks together.
    encodings : tuple of str
    penalties : tuple of float
    shapes : tuple of tuple of int
        The first runs the heats.
    carried, finalists : int
        Settings that run the whole course on the first fold, and on all folds.
    """

    work: float
    encodings: tuple[Encoding, ...]
    penalties: tuple[float, ...]
    shapes: tuple[tuple[int, ...], ...]
    carried: int
    finalists: int


EFFORTS = {
    "small": Effort(8e6, ("plain", "bins", "normal"), (0.3, 5.0), ((64, 64),), 2, 1),
    "default": Effort(
        40e6,
        ("plain", "bins", "normal", "cosines"),
        (0.03, 0.3, 3.0, 30.0),
        ((64, 64), (64, 64, 64)),
        2,
        2,
    ),
    "high": Effort(
        200e6,
        ("plain", "bins", "normal", "cosines"),
        (0.03, 0.3, 3.0, 30.0),
        ((64, 64), (64, 64, 64), (128, 128), (128, 128, 128)),
        4,
        4,
    ),
}


class Network(MLPRegressor):
    """A network judged by its own loss on the rows held out.

    Classes are rows of probabilities to it, so that a fold may lack one of them.
    """

    #: Of the rows held out, (n_held,); None: all equal.
    held_weights: Array | None = None

    def _held_out(self, X: Any, y: Any, problem: Problem) -> Data:
        """Return the rows to validate on, with their weights."""
        held = super()._held_out(X, y, problem)
        return replace(held, weights=self.held_weights)

    def _score(self, Y: Array, weights: Array | None) -> Score:
        """Return minus the mean loss as the score."""
        return MinusLoss()

    def _warned(self, incremental: bool = False) -> Network:
        """Stay quiet: to reach the end of the schedule is meant."""
        return self


@dataclass
class Member:
    """A setting with what it left on every fold it was trained on.

    Parameters
    ----------
    setting : Setting
    networks : dict of int to Network
        By the fold held out.
    """

    setting: Setting
    networks: dict[int, Network] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """Mean over folds of the loss on rows held out, at the best epoch."""
        scores = [network.best_validation_score_ for network in self.networks.values()]
        return -float(np.mean(np.array(scores, np.float64)))


@dataclass
class Race:
    """All that the fits of one table share.

    Parameters
    ----------
    rows : Rows
    Y : ndarray of shape (n,) or (n, K)
        Targets as the loss asks.
    loss : str
    effort : Effort
    random : RandomState
    n_jobs : int or None
    """

    rows: Rows
    Y: Array
    loss: str
    effort: Effort
    random: np.random.RandomState
    n_jobs: int | None
    tried: list[Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Learn the encodings, and draw a seed for each fold."""
        self.n_folds = int(self.rows.fold.max()) + 1
        self._seeds = [int(self.random.randint(2**31 - 1)) for _ in range(self.n_folds)]
        scaler = Scaler.of(self.rows.X)
        few = len(self.rows.y) < FEW_ROWS
        self.encoders: dict[Encoding, Encoder] = {
            name: ENCODINGS[name].of(scaler, self.rows.X, self.random)
            for name in self.effort.encodings
            if name == "plain" or (len(scaler.numbers) and not (few and name == WILD))
        }
        self._inputs = {
            name: encoder(self.rows.X) for name, encoder in self.encoders.items()
        }
        self._epochs = self._affordable()

    def run(self) -> list[Member]:
        """Return the finalists and the best linear models, trained on all folds."""
        whole, lines = self._first_fold()
        best = [min(of_encoding, key=_loss) for of_encoding in lines]
        chosen = [*_finalists(whole, self.effort.finalists), *best]
        self._train(chosen, range(1, self.n_folds))
        return chosen

    def best(self) -> Member:
        """Return the best on the first fold, trained on the others alone."""
        whole, lines = self._first_fold()
        return min([*whole, *chain(*lines)], key=_loss)

    def _first_fold(self) -> tuple[list[Member], list[list[Member]]]:
        """Run the rounds of the first fold.

        Return what ran the whole course, and linear models by encoding.
        """
        effort = self.effort
        first = [
            Setting(encoding, effort.shapes[0], penalty)
            for encoding in self.encoders
            for penalty in effort.penalties
        ]
        heats = self._train([Member(setting) for setting in first], [0], HEAT)
        whole = [
            Member(replace(member.setting, hidden_layer_sizes=shape))
            for shape in effort.shapes
            for member in _varied(heats, effort.carried)
        ]
        lines = [
            [Member(Setting(encoding, (), penalty)) for penalty in LINEAR_PENALTIES]
            for encoding in self.encoders
            if encoding in LINEAR_ENCODINGS
        ]
        rivals = list(chain(*lines))
        self._train([*whole, *rivals], [0])
        self.tried = [*heats, *whole, *rivals]
        return whole, lines

    def predictions(self, member: Member) -> Array:
        """Return the predictions of every row by the network that did not see it."""
        inputs = self._inputs[member.setting.encoding]
        found: Array | None = None
        for held_out, network in member.networks.items():
            held = self.rows.fold == held_out
            predicted = linked_outputs(network, inputs[held])
            if found is None:
                found = np.empty((len(inputs), predicted.shape[1]))
            found[held] = predicted
        assert found is not None
        return found

    def _train(
        self, members: Sequence[Member], folds: Iterable[int], share: float = 1.0
    ) -> Sequence[Member]:
        """Train every member on every fold, all in one call."""
        jobs = [(member, held_out) for held_out in folds for member in members]
        networks = [
            self._network(member.setting, held_out, share) for member, held_out in jobs
        ]
        cut: dict[tuple[str, int], Any] = {}
        for member, held_out in jobs:
            key = member.setting.encoding, held_out
            if key not in cut:
                cut[key] = self._cut(*key)

        def fit(index: int) -> Network:
            member, held_out = jobs[index]
            X, Y, weights, X_val, Y_val, held = cut[member.setting.encoding, held_out]
            networks[index].held_weights = held
            networks[index].fit(X, Y, weights, X_val=X_val, y_val=Y_val)
            return networks[index]

        work = [self._work(member.setting) for member, _ in jobs]
        run_all(fit, work, self.n_jobs, False, None)
        for (member, held_out), network in zip(jobs, networks, strict=True):
            member.networks[held_out] = network
        return members

    def _cut(self, encoding: Encoding, held_out: int) -> tuple[Any, ...]:
        """Return what trains and what is held out in a fold."""
        held, kept = self._sides(held_out)
        X, Y = self._inputs[encoding], self.Y
        weights = None if self.rows.equal_weights else self.rows.weights
        sides = (None, None) if weights is None else (weights[kept], weights[held])
        return X[kept], Y[kept], sides[0], X[held], Y[held], sides[1]

    def _sides(self, held_out: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rows are held out in a fold, and which are not."""
        held: NDArray[np.bool_] = self.rows.fold == held_out
        # One row, given over and over, is both trained on and held out.
        return held, ~held if self.n_folds > 1 else held

    def _network(self, setting: Setting, held_out: int, share: float) -> Network:
        """Return a network to be trained on a fold for a share of the course."""
        n_rows = int(self._sides(held_out)[1].sum())
        epochs = max(1, round(share * self._epochs))
        # As many rows as leave STEPS steps to a whole course, a power of 2.
        rows = 2 ** round(np.log2(max(1, n_rows * self._epochs / STEPS)))
        rate = RATES[setting.hidden_layer_sizes] * (2 if n_rows < FEW_ROWS else 1)
        return Network(
            self.loss,
            setting.hidden_layer_sizes,
            "silu",
            alpha=0.0,
            l2=setting.penalty / n_rows,
            learning_rate_init=rate,
            schedule="cosine",
            batch_size=min(n_rows, int(np.clip(rows, LEAST_BATCH, MOST_BATCH))),
            max_iter=epochs,
            early_stopping=True,
            tol=0.0,
            n_iter_no_change=PATIENCE,
            random_state=self._seeds[held_out],
            n_jobs=self.n_jobs,
        )

    def _work(self, setting: Setting) -> float:
        """Return the operations of a step per row.

        Six for each weight, but where the engine passes over zeros, twenty of Adam for
        each weight and batch, and the exponentials of a softmax.
        """
        inputs = self._inputs[setting.encoding]
        outputs = self.Y.shape[1] if self.Y.ndim > 1 else 1
        sizes = (inputs.shape[1], *setting.hidden_layer_sizes, outputs)
        # The engine passes over zeros where most inputs are zero.
        share = np.count_nonzero(inputs[:: max(1, len(inputs) // 1000)], axis=0)
        dense = share.sum() / (len(inputs[:: max(1, len(inputs) // 1000)]) * sizes[0])
        skipped = (1 - dense) * sizes[0] * sizes[1] if dense < 0.5 else 0.0
        weights = Architecture(sizes).n_parameters
        softmax = 1500 * outputs if self.loss == "cross_entropy" else 0
        return float(6 * (weights - skipped) + 20 * weights / LEAST_BATCH + softmax)

    def _affordable(self) -> int:
        """Return the epochs of a course that the budget pays for."""
        effort, n_rows = self.effort, len(self.rows.y)
        by_shape = {
            shape: np.mean([self._work(Setting(e, shape, 1.0)) for e in self.encoders])
            for shape in effort.shapes
        }
        heats = HEAT * by_shape[effort.shapes[0]] * len(self.encoders)
        whole = effort.carried * sum(by_shape.values())
        final = effort.finalists * np.mean(list(by_shape.values())) * (self.n_folds - 1)
        plan = heats * len(effort.penalties) + whole + final
        plan *= max(1, self.n_folds - 1) / self.n_folds
        epochs = effort.work * max(n_rows, LEAST_ROWS) / (n_rows * plan)
        return int(np.clip(epochs, FEWEST_EPOCHS, MOST_EPOCHS))


def _loss(member: Member) -> float:
    """Return the loss, by which members are ranked."""
    return member.loss


def _varied(members: Sequence[Member], count: int) -> list[Member]:
    """Return the best, half of them at most of one encoding."""
    ranked = sorted(members, key=_loss)
    taken: list[Member] = []
    for member in ranked:
        kind = member.setting.encoding
        same = sum(other.setting.encoding == kind for other in taken)
        if same < -(-count // 2):
            taken.append(member)
    others = [member for member in ranked if member not in taken]
    return [*taken, *others][:count]


def _finalists(members: Sequence[Member], count: int) -> list[Member]:
    """Return the best, first those that see the columns in different ways."""
    ranked = sorted(members, key=_loss)
    seen: set[str] = set()
    taken: list[Member] = []
    for member in ranked:
        kind = member.setting.encoding
        if kind not in seen and member.loss <= KINDRED * ranked[0].loss:
            taken.append(member)
            seen.add(kind)
    others = [member for member in ranked if member not in taken]
    return [*taken, *others][:count]
