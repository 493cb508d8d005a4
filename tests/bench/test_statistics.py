"""Medians, quartiles, ratios, agreement and targets, on made-up numbers."""

import io
import json

import pytest
from rich.console import Console

from perceptrons.bench import statistics, table
from perceptrons.bench.measure import Measured, Part, Plan, Result
from perceptrons.bench.workloads import WORKLOADS, Target
from perceptrons.peers import PEERS

W1A, W3, W4 = WORKLOADS["W1a"], WORKLOADS["W3"], WORKLOADS["W4"]
WHOLE = Part((0,), 300)


def made_up(**seconds):
    """Return W1a with these seconds by library."""
    names = {"scikit_learn": "scikit-learn"}
    results = [
        Result(names.get(k, k), seconds=v, part=WHOLE, losses={0: 0.005}, agrees=True)
        for k, v in seconds.items()
    ]
    return Measured(W1A, 1, results)


def printed(measured):
    """Return what the terminal shows."""
    console = Console(file=io.StringIO(), width=80)
    console.print(table.render(measured))
    return console.file.getvalue()


def test_spread_interpolates_quartiles():
    found = statistics.spread([5.0, 1.0, 2.0, 4.0, 3.0])
    assert (found.low, found.median, found.high) == (2.0, 3.0, 4.0)
    assert statistics.spread([1.0, 2.0]).low == 1.25


def test_compiling_is_scaled_by_architectures_and_the_rest_by_the_work():
    assert statistics.scaled(10.0, 4.0, scale=16, compile_scale=1) == 6 * 16 + 4
    assert statistics.scaled(10.0, 4.0, scale=7, compile_scale=7) == 70


def test_a_part_knows_how_many_times_the_whole_is():
    sampled = Part(W4.sample, 150)
    assert sampled.scale(W4) == 16 * 2
    assert sampled.compile_scale(W4) == 1
    assert Part(W3.sample, 300).compile_scale(W3) == 7
    words = sampled.words(W4)
    assert words.startswith("21 networks (7 of each architecture")
    assert words.endswith("150 of 300 epochs")
    assert WHOLE.words(W1A) == ""


@pytest.mark.parametrize("quick", [True, False])
def test_slow_libraries_do_all_the_work_when_it_is_quick_or_complete(quick):
    plan = Plan([W3], [], quick=quick, complete=not quick)
    part = plan.part_of(W3, PEERS["Keras"])
    assert part == Part(tuple(range(147)), 300)


def test_every_share_divides_the_epochs():
    for peer in PEERS.values():
        for name, share in peer.shares.items():
            assert WORKLOADS[name].epochs % share.epochs == 0


def test_losses_agree_within_the_factor_or_below_the_bound():
    def agree(mine, yours):
        return statistics.agree({0: mine}, {0: yours}, W1A)

    assert agree(0.02, 0.029) is True
    assert agree(0.02, 0.031) is False
    assert agree(0.001, 0.009) is True
    assert agree(0.02, float("nan")) is False
    assert agree(float("nan"), float("nan")) is False


def test_sweeps_compare_the_median_over_the_common_networks():
    ours = {0: 0.5, 1: 0.5, 2: 0.5, 3: 9.0}
    theirs = {0: 0.5, 1: float("nan"), 2: 0.6}
    assert statistics.agree(ours, theirs, W3) is True
    assert statistics.agree(ours, {}, W3) is None


def test_sweeps_leave_absurd_learning_rates_out_of_the_comparison():
    sane = dict.fromkeys(range(2), 0.1)  # rates of 0.001 and 0.01
    absurd = dict.fromkeys(range(2, 8), float("inf"))
    assert statistics.agree(sane | absurd, sane | {2: 0.1}, W4) is True


@pytest.mark.parametrize(
    ("target", "reached", "met"),
    [
        (Target("JAX", 4), 5.0, True),
        (Target("JAX", 5.5), 5.0, False),
        (Target("mlpack", 3), None, None),
        (Target("best peer", 3.5), 4.0, True),
        (Target("roof", 0.5), 0.25, False),
        (Target("seconds", 2.0), 2.0, True),
    ],
)
def test_targets_are_judged_by_medians(target, reached, met):
    medians = {"perceptrons": 2.0, "NumPy": 3.0, "JAX": 10.0, "PyTorch": 8.0}
    found = statistics.verdict(target, medians, flops=50.0, roof=100.0)
    assert (found.reached, found.met) == (reached, met)


def test_the_best_peer_counts_only_beside_jax():
    medians = {"perceptrons": 2.0, "PyTorch": 8.0}
    found = statistics.verdict(Target("best peer", 3.5), medians, 1.0, None)
    assert found.met is None


def test_json_holds_medians_quartiles_ratios_and_targets():
    measured = made_up(perceptrons=[1.0, 2.0, 3.0], scikit_learn=[500.0, 400.0, 300.0])
    plain = json.loads(json.dumps(table.as_dict(measured), allow_nan=False))
    ours, theirs = plain["results"]
    assert ours["median"] == 2.0
    assert ours["quartiles"] == [1.5, 2.5]
    assert theirs["ratio"] == 200.0
    assert plain["targets"][0] == {
        "against": "scikit-learn",
        "value": 120,
        "reached": 200.0,
        "met": True,
    }


def test_the_table_fits_80_columns_and_shows_ratio_target_and_verdict():
    shown = printed(made_up(perceptrons=[0.01], scikit_learn=[2.0], JAX=[0.02]))
    assert max(map(len, shown.splitlines())) <= 80
    row = next(line for line in shown.splitlines() if line.startswith("scikit-learn"))
    assert " ".join(row.split()) == ("scikit-learn 2 s 2 s .. 2 s 200.00 120 yes 0.005")
    row = next(line for line in shown.splitlines() if line.startswith("JAX"))
    assert row.split()[-3:] == ["4", "no", "0.005"]
    assert "mlpack: not measured; at least 3 x" in shown


def test_the_table_says_what_was_scaled_and_what_differs():
    measured = made_up(perceptrons=[1.0], JAX=[2.0])
    jax = measured.results[1]
    jax.part, jax.agrees, jax.compile_seconds = Part((0,), 100), False, 1.5
    shown = printed(measured)
    assert "loss differs from ours" in " ".join(shown.split())
    assert (
        "JAX: measured on 100 of 300 epochs, and scaled; compiling 1.5 s, not" in shown
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1.11e-6, "1.11 us"),
        (0.0123, "12.3 ms"),
        (2.0, "2 s"),
        (6265.4, "6,265 s"),
        (3e-9, "0.003 us"),
    ],
)
def test_times_carry_a_unit_that_suits(seconds, words):
    assert table.seconds_words(seconds) == words
