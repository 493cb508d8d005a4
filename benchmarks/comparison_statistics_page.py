"""docs/comparison-statistics.md and its figure, and the table in the package."""

from pathlib import Path
from textwrap import fill

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy import stats

from perceptrons.pages.style import CYCLE, MUTED, STYLE

TABLE = Path("docs/comparison-statistics.csv")
# What intervals should hold.
NOMINAL = 0.95
PARTS = {
    "model": "differences drawn from the test's own model",
    "learners": "cross-validations of two straight lines",
    "whole": "the whole function",
}
INTRODUCTION = """# How often `compare` is right

Written by `benchmarks/comparison_statistics.py`; every number is a count of simulated
data sets. Where a rate stands with an interval, it is Wilson's 95 % interval of that
count.

**The statistics alone** get (1) differences over folds drawn from the model that the
test assumes, equal correlation 1 / folds, and (2) the differences of real repeated
cross-validations of two straight lines, y on x1 and y on x2, where
y = a x1 + b x2 + e: the gain of one over the other is 1 - sqrt((1 + b^2) / (1 + a^2))
at every number of rows.

A verdict is *false* if it says "justified" where the true gain is 0 or less, and the
promise is at most 5 % of such verdicts. The interval *covers* if the true gain lies
in it; nominal are 95 %. The counts are in
[comparison-statistics.csv](comparison-statistics.csv).

These are the statistics of **one repeat**, as along time: the corrected t-test over
folds. With repeats, as by default, `compare` takes the variance over rows and between
repeats: [comparison-stand-ins.md](comparison-stand-ins.md).
"""

WHOLE = """
All candidates and the default network get data with five features, linear with noise as
large as the signal's smaller half, and a wave across all columns that no sum of columns
and pairs follows. It is as strong as makes the network's true gain over the best other
model about 0, 2, 5 or 10 %, by interpolation of five training sets at each of six
strengths. The true gain in the table is that over the model that the verdicts name most
often: all are trained on fresh training sets with as many rows as a fold trains on and
judged on 20,000 others; its standard error is over these sets. An interval covers if it
holds the true gain over the model that it is about. The rows of every data set are in
benchmarks/comparison_counts/, and `python benchmarks/comparison_statistics.py --jobs 2`
goes on with them.
"""
# Data sets that a promise is to rest on.
WANTED = {
    (500, 0.0): 300, (500, 0.05): 300, (500, 0.02): 100, (500, 0.1): 100,
    (200, 0.0): 100, (2000, 0.0): 100,
}  # fmt: skip


def write(table, root):
    """Write the page and its figure into docs/, the table into the package.

    Parameters
    ----------
    table : DataFrame
        From ``summary``: a row per scenario with counts of verdicts.
    root : Path
        Of the checkout.
    """
    folder = root / "docs"
    table = table.sort_values(["part", "n", "repeats", "wanted"])
    parts = [INTRODUCTION]
    for part, title in PARTS.items():
        own = table[table["part"] == part]
        if len(own):
            text = WHOLE if part == "whole" else ""
            parts += [f"## {title[0].upper()}{title[1:]}\n{text}", markdown(own), ""]
    parts += ["## What is not counted\n", todo(table), ""]
    parts += ["## In short\n", *(f"- {line}" for line in conclusions(table)), ""]
    parts += ["![Share of verdicts against the true gain](comparison-statistics.svg)\n"]
    (folder / "comparison-statistics.md").write_text("\n".join(parts))
    table.to_csv(root / TABLE, index=False)
    draw(table).savefig(folder / "comparison-statistics.svg", metadata={"Date": None})


def todo(table):
    """Say which counts promises need and do not have."""
    whole = table[table["part"] == "whole"]
    sets = whole.set_index(["n", "wanted"])["sets"]
    lacking = [
        f"n = {n:,} and {100 * gain:g} %: {sets.get((n, gain), 0):,.0f} of {count}"
        for (n, gain), count in WANTED.items()
        if sets.get((n, gain), 0) < count
    ]
    return fill(
        "Of the whole function, data to verdict, with its networks: every metric but "
        "RMSE, and tables of more than five columns. Data sets by rows and true gain, "
        f"of those that a promise needs: {'; '.join(lacking) or 'all'}. "
        "`python benchmarks/comparison_statistics.py --jobs 2` counts them, and goes "
        "on where it was stopped.",
        88,
    )


def markdown(table):
    """Return the scenarios as a table."""
    whole = "error" in table and table["error"].notna().any()
    head = (
        "n", "folds", "true gain", *(("training sets",) if whole else ()), "sets",
        "justified", "not justified", "undecided", "coverage",
    )  # fmt: skip
    lines = [" | ".join(("", *head, "")), "|" + " ---: |" * len(head)]
    for _, row in table.iterrows():
        counts = ("justified", "not justified", "undecided", "covered")
        gain = f"{100 * row['gain']:.1f} %"
        if whole:
            gain = f"{gain} (SE {100 * row['error']:.1f})"
        cells = [
            f"{row['n']:,}",
            f"{row['repeats']} x {row['folds']}",
            gain,
            *((f"{row['training_sets']:,.0f}",) if whole else ()),
            f"{row['sets']:,}",
            *(rate(row[name], row["sets"]) for name in counts),
        ]
        lines.append(" | ".join(("", *cells, "")))
    return "\n".join(line.strip() for line in lines)


def conclusions(table):
    """Return what the counts say about the promises, a sentence each."""
    lines = []
    none = table[table["wanted"] == 0]
    for part, own in none.groupby("part"):
        worst = own.loc[(own["justified"] / own["sets"]).idxmax()]
        found = rate(worst["justified"], worst["sets"])
        lines.append(
            f'Without a gain, {PARTS[part]}: "justified" at most {found} % of the time '
            f"(n = {worst['n']:,}, {worst['repeats']} x {worst['folds']} folds)."
        )
    for _, row in table[(table["part"] == "whole") & (table["wanted"] > 0)].iterrows():
        lines.append(
            f"A true gain of {100 * row['gain']:.1f} % at n = {row['n']:,}, by "
            f"{row['repeats']} x {row['folds']} folds, is found "
            f"{rate(row['justified'], row['sets'])} % of the time."
        )
    low = table[[surely_low(*own) for own in table[["covered", "sets"]].to_numpy()]]
    lines += [
        f"Coverage is below nominal: {PARTS[row['part']]}, "
        f"n = {row['n']:,}, gain {100 * row['gain']:.1f} %: "
        f"{rate(row['covered'], row['sets'])} %."
        for _, row in low.iterrows()
    ]
    if low.empty:
        lines.append("No coverage is below nominal by more than its Wilson interval.")
    return lines


def surely_low(hits, sets):
    """Tell whether Wilson's interval of a coverage is all below nominal."""
    ends = stats.binomtest(int(hits), int(sets)).proportion_ci(method="wilson")
    return ends.high < NOMINAL


def rate(hits, sets):
    """Write a rate in percent with its Wilson interval."""
    ends = stats.binomtest(int(hits), int(sets)).proportion_ci(method="wilson")
    digits = 1 if sets >= 1000 else 0
    values = (100 * hits / sets, 100 * ends.low, 100 * ends.high)
    rate, low, high = (f"{value:.{digits}f}" for value in values)
    return f"{rate} ({low} to {high})"


def draw(table):
    """Return the share of "justified" against the true gain, with Wilson intervals."""
    table = table[table["part"] != "model"]
    colors = dict(zip(sorted(table["n"].unique()), CYCLE, strict=False))
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.4), layout="constrained")
        axes = figure.add_subplot()
        for share in (5, 80):
            axes.axhline(share, color=MUTED, linewidth=1)
            axes.annotate(f"{share} %", (1, share), xycoords=("axes fraction", "data"))
        # The whole function last, so that it lies on top.
        for names, own in reversed(list(table.groupby(["part", "n", "repeats"]))):
            _curve(axes, *names, own.sort_values("gain"), colors)
        axes.set_xlabel("true gain, %")
        axes.set_ylabel('"justified", % of data sets')
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles[::-1], labels[::-1], loc="outside right upper", fontsize=9
        )
    return figure


def _curve(axes, part, n, repeats, own, colors):
    """Draw one kind of simulation: color for n, hollow for more folds."""
    whole = part == "whole"
    share = own["justified"] / own["sets"]
    ends = pd.DataFrame(
        stats.binomtest(int(hits), int(sets)).proportion_ci(method="wilson")
        for hits, sets in zip(own["justified"], own["sets"], strict=True)
    )
    errors = [share.values - ends["low"], ends["high"] - share.values]
    name, folds = "compare" if whole else "two lines", f"{repeats} x {repeats}"
    axes.errorbar(
        100 * own["gain"], 100 * share, [100 * error.clip(0) for error in errors],
        color=colors[n], marker="o", markersize=7 if whole else 3.5, capsize=2,
        markerfacecolor=colors[n] if repeats == 5 else "white",
        linestyle="-" if whole else ":", linewidth=1.6 if whole else 1,
        label=f"{name}, n = {n:,}, {folds}",
    )  # fmt: skip
