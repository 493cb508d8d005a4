"""CSV files that simulations append to, so that they can be resumed."""

import csv

import pandas as pd


class Runs:
    """The rows so far.

    Parameters
    ----------
    folder : Path
        Made if it is not there; one CSV file a table.
    heads : dict of str to sequence of str
        The columns of each table.
    """

    def __init__(self, folder, heads):
        self.folder, self.heads = folder, heads
        folder.mkdir(parents=True, exist_ok=True)
        for name, head in heads.items():
            path = folder / f"{name}.csv"
            if not path.exists():
                path.write_text(",".join(head) + "\n")

    def table(self, name):
        """Return what there is."""
        return pd.read_csv(self.folder / f"{name}.csv")

    def append(self, name, row):
        """Add a row."""
        with (self.folder / f"{name}.csv").open("a", newline="") as stream:
            csv.DictWriter(stream, self.heads[name]).writerow(row)

    def missing(self, name, count, **where):
        """Return the seeds that a scenario still lacks."""
        table = self.table(name)
        for column, value in where.items():
            table = table[table[column] == value]
        done = set(table.get("seed", range(len(table))))
        return [seed for seed in range(count) if seed not in done]
