"""The commands ``bench`` and ``info``, without their command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from perceptrons import _checks, peers
from perceptrons.bench import machine, table, workloads
from perceptrons.bench.measure import Measured, Plan, measure


def bench(
    peer_names: Sequence[str] = (),
    workload_names: Sequence[str] = (),
    *,
    quick: bool = False,
    complete: bool = False,
    repeats: int | None = None,
    threads: int | None = None,
    as_json: bool = False,
) -> int:
    """Measure ours and every installed peer in one run, and print the table.

    Parameters
    ----------
    peer_names, workload_names : sequence of str
        All if empty; several may stand in one string, between commas. "W1" stands
        for W1a, W1b and W1c; case does not matter for peers.
    quick : bool, default=False
        Few epochs and networks: shows that it works, proves nothing.
    complete : bool, default=False
        Give slow libraries the whole work too, instead of a part that is scaled.
    repeats : int or None, default=None
        Rounds; None: 5, or 3 when quick.
    threads : int or None, default=None
        Most threads of the workloads that use several; None: all cores.
    as_json : bool, default=False
        Print JSON instead of tables.

    Returns
    -------
    int
        0; or 1 if ours failed or final losses disagree.

    Raises
    ------
    ValueError
        For an unknown peer or workload, or a count below 1.
    """
    for name, count in (("repeats", repeats), ("threads", threads)):
        if count is not None:
            _checks.integer(name, count, 1, "leave it out for the default")
    if quick and complete:
        raise ValueError("quick and complete exclude each other; give one of them.")
    plan = Plan(
        workloads.select(_split(workload_names)),
        peers.select(_split(peer_names)),
        repeats or (3 if quick else 5),
        threads or 0,
        quick,
        complete,
    )
    record, measured = _record(plan), []
    if not as_json:
        _print_heading(record)
    with Console(stderr=True).status("starting") as status:
        for one in measure(plan, status.update):
            measured.append(one)
            if not as_json:
                Console().print(table.render(one))
    if as_json:
        record["workloads"] = [table.as_dict(one) for one in measured]
        sys.stdout.write(json.dumps(record, allow_nan=False) + "\n")
    return 0 if _holds(measured) else 1


def info(*, as_json: bool = False) -> None:
    """Print engine, instruction set, threads, machine and versions.

    Parameters
    ----------
    as_json : bool, default=False
        Print JSON instead of lines.
    """
    described = machine.describe()
    if as_json:
        sys.stdout.write(json.dumps(described) + "\n")
        return
    Console().print(_description(described))


def _split(names: Sequence[str]) -> list[str]:
    """Return the names, those between commas apart."""
    return [part.strip() for name in names for part in name.split(",") if part.strip()]


def _record(plan: Plan) -> dict[str, Any]:
    """Return what is known before a run, as JSON knows data."""
    return {
        "machine": machine.describe(p.package for p in plan.peers if p.package),
        "settings": {
            "repeats": plan.repeats,
            "quick": plan.quick,
            "complete": plan.complete,
            "threads": plan.threads or None,
        },
    }


def _print_heading(record: dict[str, Any]) -> None:
    """Print the machine, and how to read the tables."""
    console = Console()
    console.print(_description(record["machine"]))
    repeats, quick = record["settings"]["repeats"], record["settings"]["quick"]
    console.print(
        f"\nRatios are theirs / ours, of medians over {repeats} interleaved rounds; "
        "losses are those of the training rows, without penalty."
    )
    if quick:
        console.print(
            "Quick: few epochs and few networks; the targets are for the full run."
        )
    console.print()


def _description(described: dict[str, Any]) -> Table:
    """Return a machine's description as two columns."""
    engine, computer = described["engine"], described["machine"]
    versions = [f"{name} {v}" for name, v in described["versions"].items() if v]
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_row("engine", f"{engine['name']}: {engine['reason']}")
    grid.add_row("instruction set", described["instruction_set"] or "NumPy's own")
    grid.add_row("threads", str(described["threads"]))
    grid.add_row(
        "machine",
        f"{computer['processor']}, {computer['cores']} cores, "
        f"{computer['architecture']}, {computer['system']}",
    )
    grid.add_row("BLAS", described["blas"])
    grid.add_row("Python", described["python"])
    grid.add_row("versions", ", ".join(versions))
    return grid


def _holds(measured: list[Measured]) -> bool:
    """Tell whether ours ran everywhere and no library's losses disagree."""
    return all(
        result.agrees is not False
        and (result.library != table.OURS or result.status == "measured")
        for one in measured
        for result in one.results
    )
