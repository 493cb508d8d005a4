"""Fig. 3: gradient descent over learning rates, with and without clipped gradients."""

from __future__ import annotations

from typing import Any

from perceptrons.report import figures
from perceptrons.report.claims import Row, sig
from perceptrons.report.contests import Contest, Trend, contest
from perceptrons.report.picks import REST, most, of, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import against_rates, own_results

_PLAIN: dict[str, Any] = {"kind": "network", "clip_norm": None}
_CLIPPED: dict[str, Any] = {
    "kind": "network",
    "clip_norm": lambda column: column.notna(),
}
_AS_THERE = (
    "; with each layer's gradient clipped to norm 1, as the report's program did"
)


def _highest(among: dict[str, Any]) -> Contest:
    """Compare the highest rate with the best of the others."""
    return Contest(
        pick("the highest rate", learning_rate_init=most), REST, among, ["model"]
    )


CLAIMS = [
    Row("Increasing the learning rate only gives better results.", "Fig. 3",
        Trend(True, _PLAIN, ["model"])),
    Row(f"Increasing the learning rate only gives better results{_AS_THERE}.", "Fig. 3",
        Trend(True, _CLIPPED, ["model"])),
    Row("The highest rate, 2.0, gives the best test score of both networks.", "Fig. 3",
        _highest(_PLAIN)),
    Row(f"The highest rate, 2.0, gives the best test score of both "
        f"networks{_AS_THERE}.",
        "Fig. 3", _highest(_CLIPPED)),
    contest("With higher rates the one-layer network does better even with fewer "
            "epochs; here at the rate with the lowest {measure}.", "Fig. 3",
            pick("10,000 epochs at a higher rate", study="learning-rates",
                 learning_rate_init=lambda column: column.gt(0.01)),
            pick("100,000 epochs at 0.01", study="gradient-descent"),
            among={**_PLAIN, "layers": 1}, beside=("gradient-descent",)),
]  # fmt: skip


def tables(study: Study) -> list[Table]:
    """List the errors at every rate."""
    networks = of(study.table, kind="network")
    (name,) = study.models("ols")
    ols = of(study.table, kind="ols")[study.metric].mean()
    labels = [n for n in ("model", "clip_norm", "learning_rate_init") if n in networks]
    return [
        Table(
            "figure-3-table",
            "MSE at every learning rate",
            own_results(networks, labels, study.metric),
            f"The report prints no numbers for Fig. 3. On the same data {name} has "
            f"{study.measure} {sig(ols)}.",
            folded=True,
        )
    ]


def pictures(study: Study) -> list[Picture]:
    """Draw the errors against the learning rate, unclipped and clipped."""
    ols = of(study.table, kind="ols")["test_mse"].mean()
    found = []
    for name, words, among in (
        ("figure-3", "", _PLAIN), ("figure-3-clipped", ", gradients clipped", _CLIPPED)
    ):  # fmt: skip
        rows = of(study.table, **among)
        if not rows.empty:
            found.append(
                Picture(
                    name,
                    f"Fig. 3: MSE against the learning rate{words}",
                    "Error of both networks on the training and the test set. A cross "
                    "marks training that diverged.",
                    against_rates(rows, "model"),
                    lambda data: figures.against_rate(data, "model", ols),
                )
            )
    return found
