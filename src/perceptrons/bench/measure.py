"""Measure every library on every workload, in turn: ours, theirs, ours, theirs, ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from perceptrons import threads
from perceptrons.bench.process import Worker, WorkerError
from perceptrons.bench.statistics import agree, scaled
from perceptrons.bench.worker import Request
from perceptrons.bench.workloads import Workload
from perceptrons.peers import OURS, Peer, Share

Status = Literal["measured", "failed", "not installed"]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to measure; ``threads`` 0 stands for all cores."""

    workloads: Sequence[Workload]
    peers: Sequence[Peer]
    repeats: int = 5
    threads: int = 0
    quick: bool = False
    complete: bool = False

    def threads_of(self, workload: Workload) -> int:
        """Return the threads of a workload: its own, never more than there are."""
        most = self.threads or threads.usable_threads(None)
        return min(workload.threads or most, most)

    def part_of(self, workload: Workload, peer: Peer) -> Part:
        """Return the part of a workload that a library is given."""
        share = peer.shares.get(workload.name, Share())
        if self.quick or self.complete:
            share = Share()
        every = range(len(workload.networks))
        networks = tuple(workload.sample if share.sample else every)
        return Part(networks, max(1, workload.epochs // share.epochs))


@dataclass(frozen=True)
class Part:
    """Some networks of a workload, by index, and some of its epochs."""

    networks: tuple[int, ...]
    epochs: int

    def scale(self, workload: Workload) -> float:
        """Return how many times this part the workload is."""
        networks = len(workload.networks) / len(self.networks)
        return networks * workload.epochs / self.epochs

    def compile_scale(self, workload: Workload) -> float:
        """Return the same for the number of architectures to compile."""

        def architectures(networks: Sequence[int]) -> int:
            chosen = [workload.networks[index] for index in networks]
            return len({(net.hidden, net.activation) for net in chosen})

        every = range(len(workload.networks))
        return architectures(every) / architectures(self.networks)

    def words(self, workload: Workload) -> str:
        """Say which part this is; nothing if it is all."""
        words = []
        if len(self.networks) < len(workload.networks):
            words.append(f"{len(self.networks)} networks ({workload.sampled})")
        if self.epochs < workload.epochs:
            words.append(f"{self.epochs:,} of {workload.epochs:,} epochs")
        return ", ".join(words)


@dataclass
class Result:
    """What one library did on one workload, scaled to all of it."""

    library: str
    status: Status = "measured"
    reason: str = ""
    seconds: list[float] = field(default_factory=list)
    compile_seconds: float = 0.0
    part: Part = field(default_factory=lambda: Part((0,), 1))
    losses: dict[int, float] = field(default_factory=dict)
    agrees: bool | None = None


@dataclass
class Measured:
    """A workload with the results of all libraries, ours first."""

    workload: Workload
    threads: int
    results: list[Result]
    roofs: list[float] = field(default_factory=list)


def measure(plan: Plan, tell: Tell = lambda text: None) -> Iterator[Measured]:
    """Measure the plan's libraries on its workloads.

    A library that is missing or fails is reported as such and the rest goes on.

    Parameters
    ----------
    plan : Plan
    tell : callable, default does nothing
        Called with a line whenever something begins.

    Yields
    ------
    Measured
        One per workload, in the plan's order, as each ends.
    """
    for workload in plan.workloads:
        yield _measure_one(workload, plan, tell)


def _measure_one(workload: Workload, plan: Plan, tell: Tell) -> Measured:
    """Measure one workload, round by round."""
    workload = workload.shorter() if plan.quick else workload
    measured = Measured(workload, plan.threads_of(workload), [])
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for peer in plan.peers:
            if ("predict" if workload.predict_rows else "train") not in peer.does:
                continue
            result = Result(peer.name, part=plan.part_of(workload, peer))
            measured.results.append(result)
            if not peer.is_installed():
                result.status, result.reason = "not installed", peer.hint
                continue
            tell(f"{workload.name}: preparing {peer.name}")
            worker = Worker(peer.home, measured.threads, workload.is_sweep)
            workers[peer.name] = stack.enter_context(worker)
            with _failing(result):
                worker.prepare(_request(result.part, measured, plan))
        for turn in range(plan.repeats):
            for result in measured.results:
                if result.status == "measured":
                    round_words = f"round {turn + 1} of {plan.repeats}"
                    tell(f"{workload.name}: {round_words}, {result.library}")
                    with _failing(result):
                        _add_one(result, workers[result.library], measured)
        _compare_losses(measured, workers, plan)
    return measured


@contextmanager
def _failing(result: Result) -> Iterator[None]:
    """Keep a worker's failure in the result."""
    try:
        yield
    except WorkerError as error:
        result.status, result.reason = "failed", str(error)


def _request(part: Part, measured: Measured, plan: Plan) -> Request:
    """Return what a worker is asked to measure."""
    name, threads = measured.workload.name, measured.threads
    return Request(name, plan.quick, part.networks, part.epochs, threads)


def _add_one(result: Result, worker: Worker, measured: Measured) -> None:
    """Add one measurement, scaled to the whole workload; after ours, the roof's."""
    workload, part = measured.workload, result.part
    answer = worker.measure()
    compiling = answer.compile_seconds
    if workload.is_sweep:
        compile_scale = part.compile_scale(workload)
        seconds = scaled(answer.seconds, compiling, part.scale(workload), compile_scale)
        compiling *= compile_scale
    else:
        seconds = answer.seconds * part.scale(workload)
    result.seconds.append(seconds)
    result.compile_seconds, result.losses = compiling, answer.losses
    if result.library == OURS.name and any(
        target.against == "roof" for target in workload.targets
    ):
        measured.roofs.append(worker.roof())


def _compare_losses(measured: Measured, workers: dict[str, Worker], plan: Plan) -> None:
    """Compare each library's final losses with ours after as many epochs."""
    ours = next(r for r in measured.results if r.library == OURS.name)
    if ours.status != "measured":
        return
    known = {ours.part: ours.losses}
    for result in measured.results:
        if result.status != "measured":
            continue
        if result.part not in known:
            worker = workers[OURS.name]
            worker.prepare(_request(result.part, measured, plan))
            known[result.part] = worker.measure().losses
        result.agrees = agree(known[result.part], result.losses, measured.workload)
