"""Ask `compare` about every table of a collection; write docs/comparison-collection.md.

    python benchmarks/comparison_collection.py --collection DIR [--sets NAME ...]

DIR holds load.py, whose `load(name)` returns X (DataFrame), y, task and splits, and
whose `SETS` names the tables. Every verdict is appended to a CSV file, the tables of
the fewest cells first; a call that was ended goes on where it stopped. --rows takes so
many rows of each, drawn at random, and --quick a first look: both are kept in the row,
and the page says so.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from perceptrons import compare

KEPT = Path(__file__).with_suffix(".csv")
FIELDS = (
    "set", "rows", "columns", "quick", "metric", "status", "recommended", "reference",
    "gain", "low", "high", "skill", "network_s", "recommended_s", "processor_s",
)  # fmt: skip
PAGE = """# What `compare` says of a collection of tables

Written by `benchmarks/comparison_collection.py`; where a table has more rows, so many
of them were drawn at random. *Gain* is the network's over the model that decides,
*skill* how much smaller than the constant's the metric of the recommended model is; the
seconds are those of training once on a fold, of the network and of what is recommended,
on one thread of a machine that also computed other things.

{counts}

| table | rows | columns | a network is | take | gain over | gain, % | skill, % | s |
| --- | ---: | ---: | --- | --- | --- | ---: | ---: | ---: |
"""


def ask(X, y, name, quick):
    """Return a row: the verdict on one table."""
    start = time.process_time()
    result = compare(X, y, random_state=0, n_jobs=1, quick=quick)
    verdict = result.verdict
    return {
        "set": name,
        "rows": len(y),
        "columns": X.shape[1],
        "quick": quick,
        "metric": verdict.metric,
        "status": verdict.status,
        "recommended": verdict.recommended,
        "reference": verdict.reference,
        "gain": verdict.gain,
        "low": verdict.low,
        "high": verdict.high,
        "skill": result.table().loc[verdict.recommended, "skill"],
        "network_s": verdict.cost.seconds,
        "recommended_s": verdict.other_cost.seconds,
        "processor_s": time.process_time() - start,
    }


def load(loader, name, rows):
    """Return columns and target, at most so many rows of them."""
    X, y, _, _ = loader.load(name)
    chosen = np.random.default_rng(0).permutation(len(y))[:rows]
    return X.iloc[chosen].reset_index(drop=True), y[chosen]


def run(arguments):
    """Ask about the tables that no row answers yet."""
    sys.path.insert(0, str(arguments.collection))
    import load as loader

    if not arguments.runs.exists():
        arguments.runs.write_text(",".join(FIELDS) + "\n")
    known = pd.read_csv(arguments.runs)
    done = set(zip(known["set"], known["rows"], known["quick"], strict=True))
    names = arguments.sets or list(loader.SETS)
    tables = {name: load(loader, name, arguments.rows) for name in names}
    for name in sorted(tables, key=lambda name: tables[name][0].size):
        X, y = tables.pop(name)
        if (name, len(y), arguments.quick) in done:
            continue
        with arguments.runs.open("a", newline="") as file:
            row = ask(X, y, name, arguments.quick)
            csv.DictWriter(file, FIELDS, lineterminator="\n").writerow(row)
        print(row, flush=True)


def write(runs, path):
    """Write the page: the best look at every table."""
    table = pd.read_csv(runs).sort_values(["quick", "rows"], ascending=[True, False])
    lines = []
    for _, row in table.drop_duplicates("set").sort_values("set").iterrows():
        gain, low, high = (f"{100 * row[name]:.1f}" for name in ("gain", "low", "high"))
        cells = (
            row["set"],
            f"{row['rows']:,}{' (a first look)' if row['quick'] else ''}",
            row["columns"],
            row["status"],
            row["recommended"],
            f"{row['reference']}, {row['metric']}",
            f"{gain} ({low} to {high})",
            f"{100 * row['skill']:.1f}",
            f"{row['network_s']:.2g}, {row['recommended_s']:.2g}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    found = table.drop_duplicates("set")["status"].value_counts()
    told = ", ".join(f"{status} on {count}" for status, count in found.items())
    counts = f"Of {len(lines)} tables a network is {told}."
    path.write_text(PAGE.format(counts=counts) + "\n".join(lines) + "\n")


def main():
    """Ask, then write the page."""
    root = Path(__file__).parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--collection", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", help="names; all of them")
    parser.add_argument("--rows", type=int, help="most rows of a table; all")
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--runs", type=Path, default=KEPT)
    parser.add_argument(
        "--page", type=Path, default=root / "docs" / "comparison-collection.md"
    )
    arguments = parser.parse_args()
    run(arguments)
    write(arguments.runs, arguments.page)


if __name__ == "__main__":
    main()
