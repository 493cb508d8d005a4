"""docs/comparison-statistics.md, its table as CSV, and its figure."""

import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

NOMINAL, NOTABLE = 0.95, 0.02
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
in it; nominal are 95 %.
"""

WHOLE = """
All candidates and the default network get data with five features, linear with noise as
large as the signal's smaller half, or with a wave sin(2.5 x1) added that no parabola
follows. The true gain is measured: network and linear models are trained on as many
fresh rows as a fold trains on and judged on 20,000 others, once per data set.
"""


def write(table, folder):
    """Write page, table and figure into a folder.

    Parameters
    ----------
    table : DataFrame
        From ``summary``: a row per scenario with counts of verdicts.
    folder : Path
    """
    table = table.sort_values(["part", "n", "repeats", "wanted"])
    parts = [INTRODUCTION]
    for part, title in PARTS.items():
        own = table[table["part"] == part]
        if len(own):
            text = WHOLE if part == "whole" else ""
            parts += [f"## {title[0].upper()}{title[1:]}\n{text}", markdown(own), ""]
    parts += ["## In short\n", *(f"- {line}" for line in conclusions(table)), ""]
    parts += ["![Share of verdicts against the true gain](comparison-statistics.svg)\n"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparison-statistics.md").write_text("\n".join(parts))
    table.to_csv(folder / "comparison-statistics.csv", index=False)
    draw(table).savefig(folder / "comparison-statistics.svg", metadata={"Date": None})


def markdown(table):
    """Return the scenarios as a table."""
    head = (
        "n", "folds", "true gain", "sets", "justified", "not justified", "undecided",
        "coverage",
    )  # fmt: skip
    lines = [" | ".join(("", *head, "")), "|" + " ---: |" * len(head)]
    for _, row in table.iterrows():
        counts = ("justified", "not justified", "undecided", "covered")
        cells = [
            f"{row['n']:,}",
            f"{row['repeats']} x {row['folds']}",
            f"{100 * row['gain']:.1f} %",
            f"{row['sets']:,}",
            *(rate(row[name], row["sets"]) for name in counts),
        ]
        lines.append(" | ".join(("", *cells, "")))
    return "\n".join(line.strip() for line in lines)


def conclusions(table):
    """Return what the counts say about the promises, a sentence each."""
    lines = []
    none = table[table["gain"] <= 0]
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
    low = table[table["covered"] / table["sets"] < NOMINAL - NOTABLE]
    lines += [
        f"Coverage is below nominal by more than 2 points: {PARTS[row['part']]}, "
        f"n = {row['n']:,}, gain {100 * row['gain']:.1f} %: "
        f"{rate(row['covered'], row['sets'])} %."
        for _, row in low.iterrows()
    ]
    if low.empty:
        lines.append("No coverage is below nominal by more than 2 points.")
    if "whole" not in set(table["part"]):
        lines.append("The whole function, data to verdict, is not in these counts yet.")
    return lines


def rate(hits, sets):
    """Write a rate in percent with its Wilson interval."""
    ends = stats.binomtest(int(hits), int(sets)).proportion_ci(method="wilson")
    digits = 1 if sets >= 1000 else 0
    values = (100 * hits / sets, 100 * ends.low, 100 * ends.high)
    rate, low, high = (f"{value:.{digits}f}" for value in values)
    return f"{rate} ({low} to {high})"


def draw(table):
    """Return the share of "justified" against the true gain, with Wilson intervals."""
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.add_subplot()
    for (part, n, repeats, folds), own in table.groupby(
        ["part", "n", "repeats", "folds"]
    ):
        if part == "model":
            continue
        own = own.sort_values("gain")
        share = own["justified"] / own["sets"]
        ends = pd.DataFrame(
            stats.binomtest(int(k), int(m)).proportion_ci(method="wilson")
            for k, m in zip(own["justified"], own["sets"], strict=True)
        )
        errors = [
            (share.values - ends["low"]).clip(0),
            (ends["high"] - share.values).clip(0),
        ]
        name = "compare" if part == "whole" else "straight lines"
        axes.errorbar(
            100 * own["gain"], 100 * share, [100 * error for error in errors],
            marker="o" if part == "whole" else ".", capsize=2,
            linestyle="-" if part == "whole" else ":", linewidth=1,
            label=f"{name}, n = {n:,}, {repeats} x {folds}",
        )  # fmt: skip
    axes.axhline(5, color="0.6", linewidth=0.8)
    axes.axhline(80, color="0.6", linewidth=0.8)
    axes.set_xlabel("true gain, %")
    axes.set_ylabel('"justified", % of data sets')
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure
