"""Measurements as tables for the terminal, and as plain data for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from perceptrons.bench.data import mnist_folder
from perceptrons.bench.measure import Measured, Result
from perceptrons.bench.statistics import Verdict, spread, typical, verdict

OURS = "perceptrons"


def medians(measured: Measured) -> dict[str, float]:
    """Return the median seconds of each library that was measured."""
    return {
        result.library: spread(result.seconds).median
        for result in measured.results
        if result.status == "measured" and result.seconds
    }


def roof(measured: Measured) -> float | None:
    """Return the median rate of NumPy's matrix product, None if not asked for."""
    return spread(measured.roofs).median if measured.roofs else None


def verdicts(measured: Measured) -> list[Verdict]:
    """Return what became of the workload's targets."""
    found, flops = medians(measured), float(measured.workload.flops())
    return [verdict(t, found, flops, roof(measured)) for t in measured.workload.targets]


def as_dict(measured: Measured) -> dict[str, Any]:
    """Return a workload's results as JSON knows data; seconds are of all of it."""
    workload, found = measured.workload, medians(measured)
    ours = found.get(OURS)
    return {
        "workload": workload.name,
        "title": workload.title,
        "data": data_words(measured),
        "epochs": workload.epochs,
        "networks": len(workload.networks),
        "threads": measured.threads,
        "roof_flops_per_second": roof(measured),
        "flops": None if workload.predict_rows else workload.flops(),
        "results": [_result_as_dict(r, measured, ours) for r in measured.results],
        "targets": [
            {**asdict(v.target), "reached": v.reached, "met": v.met}
            for v in verdicts(measured)
        ],
    }


def _result_as_dict(
    result: Result, measured: Measured, ours: float | None
) -> dict[str, Any]:
    """Return one library's result."""
    times = spread(result.seconds) if result.seconds else None
    ratio = times.median / ours if times and ours else None
    compared = measured.workload.comparable(result.losses)
    loss = typical(result.losses, compared) if compared else None
    return {
        "library": result.library,
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
        "median": times.median if times else None,
        "quartiles": [times.low, times.high] if times else None,
        "ratio": ratio,
        "compile_seconds": result.compile_seconds,
        "compile_counted": measured.workload.is_sweep,
        "measured_on": result.part.words(measured.workload),
        "loss": loss if loss is None or loss < float("inf") else None,
        "agrees": result.agrees,
    }


def data_words(measured: Measured) -> str:
    """Say which rows these were."""
    workload = measured.workload
    if workload.predict_rows:
        return "even steps from -1 to 1"
    if workload.data == "runge":
        return "Runge, 1,200 rows"
    if workload.size is not None:
        return f"normal columns, {workload.size[0]:,} rows"
    if mnist_folder() is None:
        return "random rows of MNIST's shape (set PERCEPTRONS_DATA for MNIST)"
    return "MNIST, 60,000 rows"


def render(measured: Measured) -> RenderableType:
    """Return the table of a workload, and below it what is to be said besides."""
    plain, workload = as_dict(measured), measured.workload
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("library", no_wrap=True)
    for column in ("median", "quartiles", "ratio", "at least", "met"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("error" if workload.predict_rows else "loss", no_wrap=True)
    asked = {target["against"]: target for target in plain["targets"]}
    for result in plain["results"]:
        table.add_row(*_row(result, asked.pop(result["library"], None)))
    heading = Text(f"{workload.name}  {workload.title}", style="bold")
    threads = "1 thread" if measured.threads == 1 else f"{measured.threads} threads"
    remarks = [_remarks(result) for result in plain["results"]]
    others = [_sentence(target, plain) for target in asked.values()]
    below = [Text(words) for words in (*remarks, *others) if words]
    return Group(heading, Text(f"{plain['data']}; {threads}"), table, *below, Text())


def _row(result: dict[str, Any], target: dict[str, Any] | None) -> list[str]:
    """Return the cells of one library."""
    least = "" if target is None else f"{target['value']:g}"
    met = "" if target is None else _met(target["met"])
    if result["status"] != "measured":
        return [result["library"], result["status"], "", "", least, met, ""]
    low, high = result["quartiles"]
    ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
    loss = "diverged" if result["loss"] is None else f"{result['loss']:.2g}"
    return [
        result["library"],
        seconds_words(result["median"]),
        f"{seconds_words(low)} .. {seconds_words(high)}",
        ratio,
        least,
        met,
        "" if result["agrees"] is None else loss,
    ]


def _remarks(result: dict[str, Any]) -> str:
    """Say why a library has no times, what part it did, and what compiling took."""
    if result["status"] != "measured":
        return f"{result['library']}: {result['status']}: {result['reason']}"
    remarks = []
    if result["measured_on"]:
        remarks.append(f"measured on {result['measured_on']}, and scaled")
    if result["compile_seconds"]:
        counted = "counted" if result["compile_counted"] else "not counted"
        compiling = seconds_words(result["compile_seconds"])
        remarks.append(f"compiling {compiling}, {counted}")
    if result["agrees"] is None:
        remarks.append("loss not compared")
    if result["agrees"] is False:
        remarks.append("loss differs from ours after as many epochs")
    return f"{result['library']}: {'; '.join(remarks)}" if remarks else ""


def _sentence(target: dict[str, Any], plain: dict[str, Any]) -> str:
    """Return a target that is not about one library, in words."""
    against, reached, value = target["against"], target["reached"], target["value"]
    least = {
        "seconds": f"at most {seconds_words(value)}",
        "roof": f"at least {value:.0%}",
    }.get(against, f"at least {value:g} x")
    subject = {
        "seconds": "ours",
        "roof": "share of NumPy's 2048 x 2048 float32 product",
    }.get(against, against)
    if reached is None:
        why = " (needs JAX)" if against == "best peer" else ""
        return f"{subject}: not measured{why}; {least}"
    shown = f"{reached:.2f} x"
    if against == "seconds":
        shown = seconds_words(reached)
    elif against == "roof":
        rate = plain["roof_flops_per_second"] / 1e9
        shown = f"{reached:.0%} of {rate:.0f} GFLOP/s"
    return f"{subject}: {shown}; {least}: {_met(target['met'])}"


def _met(met: bool | None) -> str:
    """Return yes, no, or nothing."""
    return "" if met is None else ("yes" if met else "no")


def seconds_words(seconds: float) -> str:
    """Return a time with three digits and a unit that suits it."""
    if seconds >= 1000:
        return f"{seconds:,.0f} s"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if seconds >= 1e-3:
        return f"{1e3 * seconds:.3g} ms"
    return f"{1e6 * seconds:.3g} us"
