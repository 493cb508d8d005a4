"""A process that measures one library: requests come in as JSON lines, answers go out.

It runs on as many cores as it may use threads, so that a library that takes whatever
it finds finds no more.
"""

from __future__ import annotations

import json
import os
import sys
import time
import timeit
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any

ROOF_SIZE = 2048


@dataclass(frozen=True)
class Request:
    """What one worker measures: networks of a workload, by index, and epochs."""

    workload: str
    quick: bool
    networks: Sequence[int]
    epochs: int
    threads: int


@dataclass(frozen=True)
class Answer:
    """Seconds as the clock had them, and a loss per network that can be compared.

    For predictions, seconds of one call, and the largest error as the loss.
    """

    seconds: float
    losses: dict[int, float]
    compile_seconds: float = 0.0


def tasks(request: Request) -> list[Any]:
    """Return the request's networks with their rows and first weights."""
    import numpy as np

    from perceptrons.bench import data
    from perceptrons.bench.workloads import WORKLOADS
    from perceptrons.peers import task

    workload = WORKLOADS[request.workload]
    workload = workload.shorter() if request.quick else workload
    X, y = data.load(workload)
    if workload.predict_rows:
        X = np.linspace(-1, 1, workload.predict_rows, dtype=np.float32)[:, None]
        y = np.zeros(len(X), np.float32)
    _, n_features, n_outputs = workload.shape
    threads = 1 if workload.is_sweep else request.threads
    chosen = [workload.networks[index] for index in request.networks]
    return [
        task.Task(
            network,
            task.initial_layers(network.sizes(n_features, n_outputs), seed=1),
            X,
            y,
            request.epochs,
            threads,
        )
        for network in chosen
    ]


def prepare(home: str, request: Request) -> Callable[[], Answer]:
    """Return what measures once; compiling and warming up are done before."""
    module = import_module(home)
    jobs = tasks(request)
    from perceptrons.bench.workloads import WORKLOADS

    if WORKLOADS[request.workload].predict_rows:
        call = module.predictor(jobs[0])
        call()
        return lambda: _measure_call(call, jobs[0])
    short = [replace(job, epochs=1) for job in jobs[:2]]
    module.trainer(short, request.threads)()
    run = module.trainer(jobs, request.threads)
    return lambda: _measure_training(run, jobs, request.networks)


def _measure_call(call: Callable[[], Any], job: Any) -> Answer:
    """Time a short call by repeating it for at least 0.2 s."""
    import numpy as np

    from perceptrons.peers.task import raw_outputs

    number, seconds = timeit.Timer(call).autorange()
    exact = raw_outputs(job.network, job.layers, job.X.astype(np.float64))
    error = np.max(np.abs(np.reshape(call(), exact.shape) - exact))
    return Answer(seconds / number, {0: float(error)})


def _measure_training(
    run: Callable[[], Any], jobs: Sequence[Any], networks: Sequence[int]
) -> Answer:
    """Time a training, then judge what it has learnt."""
    from perceptrons.peers.task import loss

    start = time.perf_counter()
    trained = run()
    seconds = time.perf_counter() - start
    losses = {
        index: loss(job.network, layers, job.X, job.y)
        for index, job, layers in zip(networks, jobs, trained.networks, strict=True)
        if layers is not None
    }
    return Answer(seconds, losses, trained.compile_seconds)


def roof() -> float:
    """Return the operations per second of NumPy's float32 matrix product."""
    import numpy as np

    A = np.ones((ROOF_SIZE, ROOF_SIZE), np.float32)
    out = np.empty_like(A)
    best = min(timeit.repeat(lambda: np.matmul(A, A, out=out), number=1, repeat=4))
    return 2 * ROOF_SIZE**3 / best


def _stay_on(threads: int) -> None:
    """Keep this process on the last cores it may use; some systems cannot."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-threads:])


def serve(home: str, threads: int) -> None:
    """Answer requests until the input ends; standard output is kept for answers."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _stay_on(threads)
    warnings.simplefilter("ignore")
    measure: Callable[[], Answer] | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            reply: dict[str, Any] = {}
            if asked["do"] == "prepare":
                measure = prepare(home, Request(**asked["request"]))
            elif asked["do"] == "roof":
                reply = {"rate": roof()}
            elif measure is not None:
                reply = asdict(measure())
        except Exception as error:  # noqa: BLE001  # whatever a library may raise
            text = " ".join(str(error).split())
            reply = {"error": f"{type(error).__name__}: {text}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
