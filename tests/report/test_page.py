"""Every study end to end in a tiny setting, and the page in a browser."""

import re
import shutil
import xml.etree.ElementTree as ET
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from made_up import tiny

from perceptrons.activations import ACTIVATIONS
from perceptrons.engine import missing
from perceptrons.pages.files import Files
from perceptrons.report import build, cells, document
from perceptrons.report.claims import HERE, UNTESTABLE
from perceptrons.report.tables import published
from perceptrons.study.gradient_check import (
    TOLERANCE,
    central_difference,
    has_autograd,
)
from perceptrons.study.shipped import BUILTIN


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


# Some hashes pass for numbers, such as 9518938e0.
HASHES = dict.fromkeys(("key", "commit", "runs"), str)


def csv(report, name):
    (path,) = (report.page.parent / "tables").glob(f"{name}.csv*")
    return pd.read_csv(path, dtype=HASHES)


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


def test_a_part_has_a_page_of_its_own_and_leaves_the_whole_one(report, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    folder = report.page.parent
    before = report.page.read_bytes()
    part = build.report(build.Request(["gradient-check"], folder, quick=True))
    assert part.page == folder / "gradient-check" / "index.html"
    assert report.page.read_bytes() == before
    html = part.page.read_text()
    assert 'id="outcome"' not in html
    assert 'id="hypotheses"' not in html
    assert b'id="outcome"' in before


def test_many_runs_are_listed_in_a_file_alone(report):
    html = report.page.read_text()
    many = section(report, "mnist-architectures").study.records
    assert len(many) > document._LISTED
    assert f"All {len(many)} runs: " in html
    assert f'id="run-{many[0].run.key}"' not in html
    assert len(csv(report, "mnist-architectures-runs")) == len(many)


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
    # Unclipped, and with each layer's gradient clipped.
    assert len(table) == 2 * 14
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
            assert claim.verdict in (*HERE.values(), UNTESTABLE)
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
        assert f"tables/{name}.csv" in html


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
        assert claims == ["fails here", "fails here"]
    cells = csv(summary, "gradient-check-differences-numeric")
    table = cells.set_index("activation")["value"]
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


def test_the_page_says_that_the_best_was_chosen_by_the_test_rows(report):
    text = " ".join(report.page.read_text().split())
    assert "best on the test rows themselves, which flatters it" in text


def test_the_page_promises_no_more_than_it_shows(report):
    assert "Every number the report prints" not in report.page.read_text()


def test_the_running_mean_of_squares_is_eq_24(report):
    captions = [p.caption for p in section(report, "optimizers").pictures]
    assert sum("eq. (24)" in text for text in captions) == 2
    assert not any("eq. (23)" in text for text in captions)


def test_every_study_has_a_section():
    for name in BUILTIN:
        module = import_module(f"perceptrons.report.sections.{name.replace('-', '_')}")
        assert module.CLAIMS


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


def test_several_seeds_give_spread_and_verdicts_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)
    request = build.Request(["gradient-descent"], tmp_path, quick=True, seeds=2)
    summary = build.report(request)
    table = csv(summary, "gradient-descent-table-1")
    assert (table["spread over seeds"] > 0).all()
    for claim in summary.sections[0].claims:
        assert claim.holds + claim.fails + claim.ties == 2
        assert claim.seeds.startswith(f"holds in {claim.holds} of 2 seeds")
        assert claim.evidence.startswith("Seed 0: ")
    html = summary.page.read_text()
    assert "one seed" not in html
    assert "more contradict\nit than a sign test" in html
    printed = [f"{value:.2g}" for value in table["spread over seeds"]]
    assert any(f">{text}</td>" in html for text in printed)


def test_verdicts_of_a_single_seed_say_so(report):
    html = report.page.read_text()
    claims = [*report.hypotheses, *(c for part in report.sections for c in part.claims)]
    # What compare says is cross-validated, whatever the seeds of the studies.
    verdicts = {c.verdict for c in claims if "perceptrons compare" not in c.source}
    assert verdicts <= {*HERE.values(), UNTESTABLE}
    assert {"holds here", "fails here"} <= verdicts
    assert (
        ", with one seed: the pictures and numbers of the studies are of that" in html
    )
    assert "are of full training with up to" in html
    assert html.count("(one seed)</span>") == len(report.sections) + 1


def test_claims_about_the_best_rate_say_what_chose_it(report):
    texts = [c.text for part in report.sections for c in part.claims]
    assert not any("{" in text for text in texts)
    rates = ("gradient-descent", "learning-rates", "optimizers")
    best = [
        claim.text
        for part in report.sections
        if part.study.experiment.name in rates
        for claim in part.claims
        if "test MSE" in claim.text
    ]
    assert len(best) == 4


def test_seconds_are_said_to_come_from_shared_cores(report):
    (costly,) = (c for c in report.hypotheses if c.text.startswith("On simple data"))
    assert "other runs may have shared the cores" in costly.evidence


def test_a_file_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "index.html"
    Files({path.name: b"old"}).write(tmp_path)

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        Files({path.name: b"new"}).write(tmp_path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


def test_every_cell_says_what_the_template_asks_for():
    table = pd.DataFrame({"name": ["a"], "loss": [0.5], "runs": ["cafe00 beef11"]})
    for row in cells.grid(table)["rows"]:
        assert all(set(cell) == {"text", "kind", "runs"} for cell in row)
        assert [cell["runs"] for cell in row] == [[], [], ["cafe00", "beef11"]]


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
    assert cells.cell_text(value) == text


@pytest.fixture(scope="module")
def chromium():
    """Return a headless browser."""
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_sound_in_a_browser(report, chromium, width, scheme):
    noise, requests = [], []
    page = chromium.new_page(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.page.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    figures = page.locator("figure svg").all()
    boxes = [figure.bounding_box() for figure in figures]
    widest = page.evaluate("document.documentElement.scrollWidth")
    table = page.locator(".scroll").first
    shades = table.evaluate("box => getComputedStyle(box).backgroundAttachment")
    page.close()
    assert noise == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(figures) == sum(len(part.pictures) for part in report.sections)
    for box in boxes:
        assert box["width"] > 0.75 * min(width, 500)
        assert box["height"] > 100
    assert widest == width
    # Two covers move with a table, two shades stay where it is cut off.
    assert shades.split(", ") == ["local", "local", "scroll", "scroll"]


@pytest.fixture
def page(report, chromium):
    """Return the page, open in a window of 1280 x 800."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(report.page.as_uri())
    yield page
    page.close()


def unfold(page, what):
    """Open what is folded, as a reader does."""
    for summary in page.locator(f"{what} > summary").all():
        summary.click()


def test_tables_sort_by_keyboard_and_keep_gaps_last(page):
    unfold(page, "#learning-rates details:has-text('at every learning rate')")
    table = page.locator("#learning-rates table.sortable").first
    names = [name.strip() for name in table.locator("th").all_inner_texts()]
    number = names.index("test ours")
    heading = table.locator("th").nth(number)

    def column():
        texts = table.locator(f"tbody td:nth-child({number + 1})").all_inner_texts()
        digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹\N{MINUS SIGN}", "-0123456789-")
        times = " \N{MULTIPLICATION SIGN} 10"
        plain = [text.translate(digits).replace(times, "e") for text in texts]
        return [np.nan if text == "—" else float(text) for text in plain]

    before = column()
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    np.testing.assert_array_equal(column(), np.sort(before))
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    gaps = int(np.isnan(before).sum())
    falling = np.sort(before)[: len(before) - gaps][::-1]
    np.testing.assert_array_equal(column(), [*falling, *[np.nan] * gaps])


def test_a_row_leads_to_its_run_in_the_folded_list(page, report):
    unfold(page, "#optimizers details:has-text('Table II:')")
    link = page.locator("#optimizers a.run").first
    key = link.get_attribute("title")
    link.click()
    row = page.locator(f"#run-{key}")
    assert row.is_visible()
    assert key in row.inner_text()
    runs = csv(report, "optimizers-runs").set_index("key")
    record = section(report, "optimizers").study.records[0]
    assert runs.loc[key, "commit"] == record.commit
    assert f"numpy {np.__version__}" in runs.loc[key, "versions"]


def test_every_run_is_listed_with_all_that_made_it(report):
    for part in report.sections:
        runs = csv(report, f"{part.study.experiment.name}-runs")
        assert runs["key"].tolist() == [r.run.key for r in part.study.records]
        for column in ("seed", "settings", "engine", "commit", "versions", "seconds"):
            assert column in runs


def test_rows_name_runs_that_are_listed(report):
    folder = report.page.parent / "tables"
    for part in report.sections:
        name = part.study.experiment.name
        listed = {record.run.key for record in part.study.records}
        for table in part.tables:
            data = pd.read_csv(folder / f"{name}-{table.name}.csv", dtype=HASHES)
            for keys in data.get("runs", []):
                assert set(keys.split()) <= listed


def test_a_curve_shows_the_value_below_the_pointer(page, report):
    figure = page.locator("#gradient-descent-figure-2 svg")
    figure.scroll_into_view_if_needed()
    # The last point of the first curve, in the drawing's own coordinates.
    point = figure.locator(".curve > path").first.evaluate(
        """path => {
            const end = path.getPointAtLength(path.getTotalLength());
            const place = end.matrixTransform(path.getScreenCTM());
            return [place.x, place.y];
        }"""
    )
    page.mouse.move(point[0] + 2, point[1] - 2)
    shown = page.locator(".value").inner_text().splitlines()
    data = csv(report, "gradient-descent-figure-2")
    last = data[data["series"] == shown[0]].iloc[-1]
    assert shown[1] == f"epochs {last['epoch']}"
    word, value = shown[2].rsplit(" ", 1)
    assert word == "training cost (mean squared error)"
    assert float(value) == pytest.approx(last["value"], rel=0.01)
    page.mouse.move(0, 0)
    assert page.locator(".value").is_hidden()


def test_figures_and_tables_need_no_script(report, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.page.as_uri())
    unfold(page, "details:has(figure)")
    figures = page.locator("figure svg").all()
    assert len(figures) == sum(len(part.pictures) for part in report.sections)
    assert all(figure.is_visible() for figure in figures)
    curve = page.locator("#gradient-descent-figure-2 .curve title").first
    last = csv(report, "gradient-descent-figure-2").iloc[-1]
    assert "lowest" in curve.text_content()
    titles = page.locator("#gradient-descent-figure-2 .curve title")
    assert titles.last.text_content().endswith(f"last {last['value']:.4g}")
    assert page.locator("th button").count() == 0
    context.close()


def test_on_paper_the_page_is_light_and_nothing_is_cut_off(page):
    page.emulate_media(media="print", color_scheme="dark")
    color = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(color) == "rgb(255, 255, 255)"
    # A4 within its margins, at 96 dots per inch; wide tables have pages on their side.
    for width, height, kept in ((1017, 688, ""), (688, 1017, ":not(.wide > *)")):
        page.set_viewport_size({"width": width, "height": height})
        cut = page.evaluate(
            f"""[...document.querySelectorAll('.scroll{kept}')]
                .filter(box => box.scrollWidth > box.clientWidth + 1).length"""
        )
        assert cut == 0, width
        if not kept:
            assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".wide").count() > 0


def test_large_tables_are_not_carried_in_the_page(report):
    folder = report.page.parent / "tables"
    html = report.page.read_text()
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    for name, size in sizes.items():
        assert f'href="tables/{name}"' in html
        # What the page does not carry is compressed beside it.
        carried = size <= 64 * 1024 and not name.endswith(".gz")
        assert (f'download="{name}"' in html) == carried
    assert any(name.endswith(".gz") for name in sizes)
