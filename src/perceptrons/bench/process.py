"""The other end of a worker: start it, ask it, end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import Any

from perceptrons.bench.worker import Answer, Request

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

PATIENCE = 3.0  # seconds for a worker to end the processes it has started


class WorkerError(RuntimeError):
    """A library could not be measured; the message says why."""


def environment(threads: int, sweep: bool) -> dict[str, str]:
    """Return the environment of a worker: this one's, its threads bounded.

    In a sweep the networks share the cores out, so that each takes one thread.
    """
    inner = 1 if sweep else threads
    bounded = {name: str(inner) for name in _THREAD_VARIABLES}
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if inner == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        quiet["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return {**os.environ, **bounded, **quiet, "JAX_PLATFORMS": "cpu"}


class Worker:
    """One library in a process of its own; a context manager."""

    def __init__(self, home: str, threads: int, sweep: bool) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "perceptrons.bench.worker", home, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(threads, sweep),
            start_new_session=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        """End the process; its own ones with it, where it does not end by itself."""
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.communicate()
        self._errors.close()

    def prepare(self, request: Request) -> None:
        """Load the library, make the data, compile and warm up."""
        self._ask({"do": "prepare", "request": asdict(request)})

    def measure(self) -> Answer:
        """Measure once what was prepared."""
        reply = self._ask({"do": "measure"})
        losses = {int(index): loss for index, loss in reply["losses"].items()}
        return Answer(reply["seconds"], losses, reply["compile_seconds"])

    def roof(self) -> float:
        """Return the operations per second of NumPy's matrix product."""
        return float(self._ask({"do": "roof"})["rate"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one question."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # pragma: no cover  # both are pipes
            raise WorkerError("the worker has no pipes.")
        try:
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        """Return how the process ended, and the last line it wrote."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return f"its process ended with code {code}: {lines[-1] if lines else ''}"
