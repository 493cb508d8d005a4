"""Every study end to end in a tiny setting, and the page in a browser."""

import dataclasses
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from perceptrons.activations import ACTIVATIONS
from perceptrons.engine import missing
from perceptrons.report import build, document
from perceptrons.report.sections import SECTIONS
from perceptrons.report.tables import published
from perceptrons.study.experiment import BUILTIN, builtin
from perceptrons.study.gradient_check import (
    TOLERANCE,
    central_difference,
    has_autograd,
)


def tiny(name):
    """Return a built-in study cut down to about a second."""
    experiment = builtin(name)
    if name == "gradient-check":
        axes = {
            "activation": ["sigmoid", "relu"],
            "loss": ["mean_squared_error", "cross_entropy"],
            "penalty": ["none", "both"],
        }
        return dataclasses.replace(experiment, axes=axes)
    return dataclasses.replace(experiment, quick={"max_iter": 4})


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return the summary of a whole tiny report."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "builtin", tiny)
        request = build.Request([], folder, quick=True, command="perceptrons report -x")
        return build.report(request)


def section(report, name):
    (found,) = (s for s in report.sections if s.study.experiment.name == name)
    return found


def csv(report, name):
    return pd.read_csv(report.page.parent / "tables" / f"{name}.csv")


def test_every_study_is_on_the_page(report):
    html = report.page.read_text()
    assert [s.study.experiment.name for s in report.sections] == list(BUILTIN)
    for name in BUILTIN:
        assert f'id="{name}"' in html
    for text in ("perceptrons report -x", "Quick setting", "max_iter = 4", "SHA-256"):
        assert text in html


def test_a_second_call_trains_nothing_and_gives_the_same_numbers(report, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    folder = report.page.parent
    before = {path.name: path.read_bytes() for path in (folder / "tables").iterdir()}
    again = build.report(build.Request([], folder, quick=True))
    assert again.trained == 0
    after = {path.name: path.read_bytes() for path in (folder / "tables").iterdir()}
    assert after == before


def test_table_i_sets_printed_numbers_beside_ours(report):
    table = csv(report, "gradient-descent-table-1")
    printed = published("gradient_descent_mse")
    assert len(table) == 3
    for part in ("train", "test"):
        np.testing.assert_array_equal(
            table[f"{part} published"], printed[f"{part}_mse"]
        )
        np.testing.assert_allclose(
            table[f"{part} difference"],
            table[f"{part} ours"] - table[f"{part} published"],
        )
    records = section(report, "gradient-descent").study.records
    ours = [r.result.metrics["test_mse"] for r in (records[2], records[0], records[1])]
    np.testing.assert_allclose(table["test ours"], ours, rtol=1e-12)


@pytest.mark.parametrize(("number", "size"), [("ii", "50"), ("iii", "50,100")])
def test_tables_ii_and_iii_set_printed_numbers_beside_ours(report, number, size):
    table = csv(report, f"optimizers-table-{number}")
    printed = published("optimizers_mse")
    printed = printed[printed["hidden_layers"] == size]
    assert len(table) == 12
    assert table["learning rate"].tolist() == printed["learning_rate"].tolist()
    np.testing.assert_array_equal(table["test published"], printed["test_mse"])
    verdicts = table["same conclusion?"].str.split(":").str[0]
    assert set(verdicts) <= {"yes", "no", "not decidable"}


def test_table_viii_sets_printed_numbers_beside_ours(report):
    pytest.importorskip("autograd")
    table = csv(report, "gradient-check-table-viii")
    printed = published("autograd_differences")
    np.testing.assert_array_equal(
        table["weight 2 published"], printed["weight_gradient_2"]
    )
    assert (table["weight 1 ours"].abs() < 1e-15).all()
    for name in ("weight 1", "weight 2", "bias"):
        np.testing.assert_array_equal(
            table[f"{name} difference"],
            table[f"{name} ours"] - table[f"{name} published"],
        )
    assert table["same conclusion?"].str.startswith("yes").all()


def test_excess_and_error_against_f_are_beside_every_test_error(report):
    table = csv(report, "learning-rates-figure-3-table")
    assert len(table) == 14
    assert {"excess over noise", "error against f", "parameters"} <= set(table)
    # Above that the difference is lost in rounding.
    moderate = table["test ours"] < 1e6
    noise = (table["test ours"] - table["excess over noise"])[moderate]
    # Seed 0's realized noise.
    np.testing.assert_allclose(noise, 0.010510, atol=1e-5)
    gaps = table["test ours"].isna()
    assert (table.loc[gaps, "ended"] == "diverged").all()


def test_every_claim_has_a_verdict_and_evidence(report):
    for part in report.sections:
        assert part.claims
        for claim in part.claims:
            assert claim.verdict in ("confirmed", "not confirmed", "not decidable")
            assert claim.evidence


def test_figures_are_drawn_from_the_numbers_beside_them(report):
    folder = report.page.parent
    html = report.page.read_text()
    pictures = [
        f"{part.study.experiment.name}-{picture.name}"
        for part in report.sections
        for picture in part.pictures
    ]
    for name in pictures:
        ET.parse(folder / "figures" / f"{name}.svg")
        assert (folder / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert len(csv(report, name)) > 0
        assert f'download="{name}.csv"' in html


def test_ids_on_the_page_are_unique(report):
    ids = re.findall(r'\bid="([^"]+)"', report.page.read_text())
    assert len(ids) == len(set(ids))


def test_a_failed_gradient_check_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    limit = "perceptrons.report.sections.gradient_check.TOLERANCE"
    monkeypatch.setattr(limit, TOLERANCE * 1e-9)
    summary = build.report(build.Request(["gradient-check"], tmp_path))
    assert "is above" in summary.failures[0]
    assert "Check failed." in summary.page.read_text()


def test_a_gradient_that_is_not_a_number_fails_the_check(tmp_path, monkeypatch):
    class Broken(type(ACTIVATIONS["sigmoid"])):
        def slope(self, z, a, out):
            out[...] = np.nan
            return out

    monkeypatch.setattr(build, "builtin", tiny)
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", Broken())
    # Only NumPy's engine computes with the record itself.
    summary = build.report(build.Request(["gradient-check"], tmp_path, engine="numpy"))
    # Four cases and the one beside Table VIII.
    assert "not a number in 5 of 9 cases" in summary.failures[0]
    html = summary.page.read_text()
    assert "Check failed." in html
    if has_autograd():
        assert "Autograd is not installed" not in html
        claims = [claim.verdict for claim in summary.sections[0].claims]
        assert claims == ["not confirmed", "not confirmed"]
    table = csv(summary, "gradient-check-differences-numeric").set_index("activation")
    assert table.loc["sigmoid"].isna().all()
    assert table.loc["relu"].notna().all()


def test_too_many_kinks_fail_the_check(tmp_path, monkeypatch):
    def mostly_kinks(value, theta):
        gradient, kinks = central_difference(value, theta)
        kinks[:1] = True
        return gradient, kinks

    monkeypatch.setattr(build, "builtin", tiny)
    path = "perceptrons.study.gradient_check.central_difference"
    monkeypatch.setattr(path, mostly_kinks)
    summary = build.report(build.Request(["gradient-check"], tmp_path))
    sentence = (
        "9 parameters were skipped as kinks; in 9 of 9 cases that is more than 1%"
    )
    assert sentence in summary.failures[0]
    assert sentence in summary.page.read_text()
    monkeypatch.setattr(path, lambda v, t: (t * np.nan, np.ones(t.shape, bool)))
    summary = build.report(build.Request(["gradient-check"], tmp_path / "all"))
    assert len(summary.failures) == 2


def test_the_page_says_which_engine_was_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    for name in ("numpy", "compiled"):
        if name == "compiled" and missing():
            continue
        request = build.Request(["gradient-check"], tmp_path, engine=name)
        assert f"9 cases, engine {name}:" in build.report(request).page.read_text()


def test_the_page_promises_no_more_than_it_shows(report):
    assert "Every number the report prints" not in report.page.read_text()


def test_the_running_mean_of_squares_is_eq_24(report):
    captions = [p.caption for p in section(report, "optimizers").pictures]
    assert sum("eq. (24)" in text for text in captions) == 2
    assert not any("eq. (23)" in text for text in captions)


def test_every_study_has_a_section():
    assert list(SECTIONS) == list(BUILTIN)


def test_without_autograd_the_gap_is_marked_with_the_hint(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    monkeypatch.setattr("perceptrons.study.gradient_check.has_autograd", lambda: False)
    summary = build.report(build.Request(["gradient-check"], tmp_path))
    assert summary.failures == []
    sentence = (
        "Autograd is not installed: install it with `pip install autograd` and run "
        "the same command again."
    )
    assert sentence in summary.page.read_text()
    claims = [claim.verdict for claim in summary.sections[0].claims]
    assert claims == ["not decidable", "not decidable"]


def test_several_seeds_give_spread_and_unanimous_verdicts(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    request = build.Request(["gradient-descent"], tmp_path, quick=True, seeds=2)
    summary = build.report(request)
    table = csv(summary, "gradient-descent-table-1")
    assert (table["spread over seeds"] > 0).all()
    pattern = r"Holds for (\d), fails for (\d), ties in (\d) of 2 seeds\."
    for claim in summary.sections[0].claims:
        counts = re.match(pattern, claim.evidence)
        assert sum(map(int, counts.groups())) == 2
    html = summary.page.read_text()
    assert "one seed" not in html
    printed = [f"{value:.2g}" for value in table["spread over seeds"]]
    assert any(f">{text}</td>" in html for text in printed)


def test_verdicts_of_a_single_seed_say_so(report):
    html = report.page.read_text()
    claims = sum(len(part.claims) for part in report.sections)
    assert html.count("<small>one seed</small>") == claims
    assert html.count("(one seed)</span>") == len(report.sections)


def test_claims_about_the_best_rate_say_what_chose_it(report):
    texts = [c.text for part in report.sections for c in part.claims]
    assert not any("{" in text for text in texts)
    best = [text for text in texts if "test MSE" in text]
    assert len(best) == 5


def test_seconds_are_said_to_come_from_shared_cores(report):
    costly = section(report, "gradient-descent").claims[-1]
    assert "other runs may have shared the cores" in costly.evidence


def test_a_file_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "index.html"
    document.write_whole(path, b"old")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        document.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012345678, "0.01235"),
        (3, "3"),
        (100.0, "100"),
        (np.nan, "—"),
        (-8.67e-19, "\N{MINUS SIGN}8.67 \N{MULTIPLICATION SIGN} 10⁻¹⁹"),
        (0.0, "0"),
        ("yes", "yes"),
    ],
)
def test_cells_have_four_significant_digits(value, text):
    assert document.cell_text(value) == text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_sound_in_a_browser(report, width, scheme):
    api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    noise, requests = [], []
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.page.as_uri())
        figures = page.locator("figure svg").all()
        boxes = [figure.bounding_box() for figure in figures]
        widest = page.evaluate("document.documentElement.scrollWidth")
        table = page.locator(".scroll").first
        shades = table.evaluate("box => getComputedStyle(box).backgroundAttachment")
        browser.close()
    assert noise == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(figures) == sum(len(part.pictures) for part in report.sections)
    for box in boxes:
        assert box["width"] > 0.75 * min(width, 500)
        assert box["height"] > 100
    assert widest == width
    # Two covers move with a table, two shades stay where it is cut off.
    assert shades.split(", ") == ["local", "local", "scroll", "scroll"]
