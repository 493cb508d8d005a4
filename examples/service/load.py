"""Put load on the service, on this machine alone: every answer is checked.

    python load.py 100000 8

sends 100,000 requests over 8 threads to a server it starts on a free port of the
loopback address, while the model is swapped again and again; prints latencies, and ends
with 1 if a request was lost or an answer was not that of the model it names.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import perceptrons

HOST = "127.0.0.1"


def models(folder):
    """Return two fitted models and their files."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 4)), rng.normal(size=200)
    made = []
    for seed in (0, 1):
        net = perceptrons.MLPRegressor(
            hidden_layer_sizes=(16,), solver="lbfgs", max_iter=50, tol=0.1,
            random_state=seed,
        )  # fmt: skip
        made.append((net.fit(X, y), net.save(folder / f"{seed}.safetensors")))
    return made


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def call(connection, path, value=None):
    """Send one request and return its status and answer."""
    connection.request("POST", path, json.dumps(value))
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def wait_for(port, server):
    """Wait until the server listens."""
    while server.poll() is None:
        try:
            return socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server ended")


def work(port, count, rows, expected, result):
    """Send so many requests one after another; note latencies and what was wrong."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    seconds, wrong = [], 0
    for i in range(count):
        row = i % len(rows)
        begun = time.perf_counter()
        status, answer = call(connection, "/predict", {"rows": [rows[row]]})
        seconds.append(time.perf_counter() - begun)
        # The first model has odd numbers, since they take turns.
        which = (answer.get("model", 0) + 1) % 2
        wrong += status != 200 or answer["predictions"] != [expected[which][row]]
    result.append((seconds, wrong))


def swap(port, served, made, stop, swaps):
    """Replace the file and have it loaded, the two models in turn."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    while not stop.wait(0.05):
        made[(len(swaps) + 1) % 2][0].save(served)
        swaps.append(call(connection, "/reload")[0])


def main(count, n_threads):
    """Run the load and return what to exit with."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = models(folder)
        served = made[0][0].save(folder / "served.safetensors")
        rows = np.random.default_rng(1).normal(size=(50, 4))
        expected = [[float(v) for net_row in rows for v in net.predict([net_row])]
                    for net, _ in made]  # fmt: skip
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "service:app", "--host", HOST, "--port",
             str(port), "--log-level", "error"],
            cwd=Path(__file__).parent, env={**os.environ, "MODEL": str(served)},
        )  # fmt: skip
        try:
            wait_for(port, server)
            stop, swaps, results = threading.Event(), [], []
            swapper = threading.Thread(
                target=swap, args=(port, served, made, stop, swaps)
            )
            share = (port, count // n_threads, rows.tolist(), expected, results)
            workers = [
                threading.Thread(target=work, args=share) for _ in range(n_threads)
            ]
            begun = time.perf_counter()
            for thread in (swapper, *workers):
                thread.start()
            for thread in workers:
                thread.join()
            took = time.perf_counter() - begun
            stop.set()
            swapper.join()
        finally:
            server.terminate()
            server.wait()
    seconds = np.sort(np.concatenate([own for own, _ in results]))
    wrong = sum(bad for _, bad in results)
    lost = n_threads * (count // n_threads) - len(seconds)
    failed = sum(status != 200 for status in swaps)
    at = {q: 1e3 * seconds[int(q * (len(seconds) - 1))] for q in (0.5, 0.99, 1.0)}
    print(f"{len(seconds)} answers in {took:.1f} s, {wrong} wrong, {lost} lost; "
          f"{len(swaps)} swaps, {failed} failed")  # fmt: skip
    print(
        f"milliseconds: median {at[0.5]:.2f}, 99 % {at[0.99]:.2f}, most {at[1.0]:.2f}"
    )
    return int(wrong or lost or failed or not swaps)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
