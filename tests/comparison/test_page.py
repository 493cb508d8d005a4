"""The page of a comparison, its files, and its figures in a browser."""

import os
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

from perceptrons import MLPClassifier, MLPRegressor
from perceptrons.cli import app
from perceptrons.comparison import dependence, figures
from perceptrons.comparison.columns import prepare
from perceptrons.comparison.compare import compare
from perceptrons.pages.wording import significant, typeset

N = 240
EVIL = '<script>alert("x")</script> & $a$ {{ 7 * 7 }}'


def table():
    """Return a table with everything that a page tells of, and its target."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(N, 2)), columns=["width", EVIL])
    y = X["width"] + np.abs(X[EVIL]) + 0.3 * rng.normal(size=N)
    X["color"] = rng.choice(["red", "<b>blue</b>", "$5 or $6"], size=N)
    X.loc[:9, "width"] = np.nan
    X["same"] = 1
    X["copy"] = 3 * y
    X.loc[N] = X.loc[N - 1]
    y.loc[N] = y.loc[N - 1]
    return X, y.rename("price <i>")


def small(n_jobs=None):
    return MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, tol=0, random_state=0)


def small_classifier(n_jobs=None):
    return MLPClassifier(hidden_layer_sizes=(8,), max_iter=40, tol=0, random_state=0)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Replace the networks of minutes by networks of milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("perceptrons.presets.tabular_regressor", small)
        patch.setattr("perceptrons.presets.tabular_classifier", small_classifier)
        yield


@pytest.fixture(scope="module")
def amounts(small_networks):
    return compare(*table(), repeats=1, n_folds=3, random_state=3)


@pytest.fixture(scope="module")
def classes(small_networks):
    X, y = table()
    y = pd.Series(np.where(y > 1, "over <1>", "under"), name=EVIL)
    return compare(X, y, drop=["copy", EVIL], repeats=1, n_folds=3, random_state=3)


@pytest.fixture(scope="module")
def pages(amounts, classes, tmp_path_factory):
    """Return the folders of both pages."""
    folders = {}
    for name, result in {"amounts": amounts, "classes": classes}.items():
        folders[name] = tmp_path_factory.mktemp(name)
        assert result.save(folders[name]) == folders[name] / "index.html"
    return folders


def text(folder):
    """Return what a reader of the page sees, without its tags."""
    html = (folder / "index.html").read_text()
    body = re.sub(r"<(style|svg).*?</\1>", "", html, flags=re.DOTALL)
    plain = re.sub(r"<[^>]+>", " ", body)
    codes = ('&#34;"', "&#39;'", "&lt;<", "&gt;>", "&nbsp; ", "\N{MINUS SIGN}-")
    for code, sign in ((pair[:-1], pair[-1]) for pair in codes):
        plain = plain.replace(code, sign)
    return re.sub(r"\s+", " ", plain.replace("&amp;", "&"))


def csv(folder, name):
    return pd.read_csv(folder / "tables" / f"{name}.csv")


def test_numbers_keep_their_signs_and_names_their_letters():
    text = "gain -0.9 % (95 % interval -2.4 to 0.6 %): --drop 'lag -1' or 'humidity %'"
    assert typeset(text) == (
        "gain \u22120.9\xa0% (95\xa0% interval \u22122.4 to 0.6\xa0%): --drop "
        "'lag -1' or 'humidity %'"
    )


@pytest.mark.parametrize("name", ["amounts", "classes"])
def test_the_verdict_is_on_top_and_complete(pages, name, request):
    result = request.getfixturevalue(name)
    page = text(pages[name])
    headline, numbers = result.verdict.headline, result.verdict.numbers
    assert str(result.verdict) == f"{headline}: {numbers}."
    for sentence in (f"{headline} {numbers}.", *result.verdict.notes):
        assert re.sub(r"\s+", " ", sentence) in page
    assert page.index(headline) < page.index("The candidates")
    for sentence in result.warnings:
        assert page.index(sentence) < page.index(str(result.verdict.steps[0]))


def test_the_whole_rule_is_on_the_page(pages, amounts):
    page = text(pages["amounts"])
    every = "justified if over every cheaper model P(gain > 0) is at least 0.95 and"
    assert f"{every} the gain at least 1 %" in page
    nothing = f"or if {amounts.verdict.reference} makes next to no error"
    assert (
        f"it is not if for one of them P(gain > 1 %) is at most 0.05, {nothing}" in page
    )
    for step in amounts.verdict.steps:
        assert str(step) in page
    assert "leaves 2.5 % on either side, the rule 5 % on one" in page


def test_leaks_come_before_the_verdict_and_other_warnings_after(pages, amounts):
    page = text(pages["amounts"])
    (leak, *others) = amounts.warnings
    assert "leak: the column 'copy'" in leak
    assert page.index(leak) < page.index(amounts.verdict.headline)
    assert any("Duplicate rows" in warning for warning in others)
    for warning in others:
        assert page.index(amounts.verdict.headline) < page.index(warning)
    assert "Unless 'copy' leaks the target" in page
    assert "Warning." not in text(pages["classes"])
    assert "leaks the target" not in text(pages["classes"])


def test_the_candidates_are_those_of_the_result(pages, amounts):
    written = csv(pages["amounts"], "candidates").set_index("candidate")
    pd.testing.assert_frame_equal(written, amounts.table(), rtol=1e-12)
    page = text(pages["amounts"])
    for name, row in amounts.table().iterrows():
        assert f"{name} {significant(row['RMSE'], 4)}" in page


def test_every_column_is_accounted_for(pages, amounts):
    page = text(pages["amounts"])
    for column in amounts.prepared.columns:
        name = re.sub(r"\s+", " ", column.name)
        assert f"{name} {column.kind} {column.action}" in page
    assert csv(pages["amounts"], "columns")["name"].tolist() == list(table()[0])


def test_the_page_says_how_to_get_it_again(pages, amounts):
    page = text(pages["amounts"])
    for fact in ("random_state=3", "Seed 3", "Commit", "scikit-learn", amounts.split):
        assert fact in page


@pytest.mark.parametrize("name", ["amounts", "classes"])
def test_what_the_user_named_cannot_become_part_of_the_page(pages, name):
    html = (pages[name] / "index.html").read_text()
    for tag in ("<script", "<b>blue", "<i>", "<1>"):
        assert tag not in html
    assert "{{ 7 * 7 }}" in html
    assert "&lt;script&gt;" in html


def test_dollars_are_drawn_and_not_read_as_mathematics():
    assert figures.plain("$a$ and $5") == r"\$a\$ and \$5"
    assert figures.plain("a\nb\0c") == "a b c"
    assert len(figures.plain("x" * 100)) == 24


@pytest.mark.parametrize("name", ["amounts", "classes"])
def test_every_link_leads_to_a_file(pages, name):
    html = (pages[name] / "index.html").read_text()
    links = [link for link in re.findall(r'href="([^"]+)"', html) if ":" not in link]
    files = [unquote(link) for link in links if not link.startswith("#")]
    assert len(files) == 13
    for link in files:
        assert (pages[name] / link).stat().st_size > 0
    written = {str(path.relative_to(pages[name])) for path in pages[name].rglob("*.*")}
    assert written == {*files, "index.html"}


@pytest.mark.parametrize("name", ["amounts", "classes"])
def test_figures_stand_alone_and_methods_keep_their_colors(pages, name):
    found = {path.stem: path for path in (pages[name] / "figures").iterdir()}
    middle = "predictions" if name == "amounts" else "confusion"
    assert set(found) == {"gains", "learning", middle, "importance", "effects"}
    for stem, path in found.items():
        ET.parse(path)
        colors = set(re.findall(r"#[0-9a-f]{6}", path.read_text()))
        assert "#0072b2" in colors
        if stem != "confusion":
            assert "#d55e00" in colors


def test_ids_on_the_page_are_unique(pages):
    for folder in pages.values():
        ids = re.findall(r'\bid="([^"]+)"', (folder / "index.html").read_text())
        assert len(ids) == len(set(ids))


def test_predictions_are_those_of_rows_not_trained_on(pages, amounts):
    written = csv(pages["amounts"], "predictions")
    own = written[written["candidate"] == "network"]
    assert own["row"].tolist() == list(range(1, N + 2))
    np.testing.assert_allclose(own["truth"], table()[1], rtol=1e-12)
    np.testing.assert_allclose(own["predicted"], amounts.predictions["network"])


def test_confusions_count_every_row_once(pages, classes):
    written = csv(pages["classes"], "confusion")
    for name, rows in written.groupby("candidate"):
        assert rows["rows"].sum() == N + 1
        right = rows.loc[rows["truth"] == rows["predicted"], "rows"].sum()
        guesses = classes.prepared.classes[classes.predictions[name].argmax(axis=1)]
        assert right == (guesses == classes.prepared.y).sum()


def test_the_columns_shown_are_those_the_difference_follows(rng):
    X = pd.DataFrame(rng.normal(size=(N, 6)), columns=list("abcdef"))
    X["kind"] = rng.choice(["u", "v"], size=N)
    prepared = prepare(X, rng.normal(size=N))
    difference = np.abs(X["e"]) + 0.5 * (X["kind"] == "v")
    found = dependence.parting_columns(prepared, difference.to_numpy())
    assert found[:2] == ["e", "kind"]
    difference[:50] = np.nan
    assert dependence.parting_columns(prepared, difference.to_numpy())[0] == "e"


def test_partial_dependence_of_a_line_is_the_line(rng):
    X = pd.DataFrame({"a": rng.integers(0, 9, size=N), "kind": ["u", "v"] * (N // 2)})
    y = 2 * X["a"] + 5.0 * (X["kind"] == "v")
    prepared = prepare(X, y, task="regression")
    line = make_pipeline(prepared.transformer, LinearRegression()).fit(X, y)
    models = {"network": line, "OLS": line}
    curves = dependence.curves(prepared, ["a", "kind"], models)
    assert len(curves) == 2 * (9 + 2)
    a = curves[(curves["feature"] == "a") & (curves["candidate"] == "OLS")]
    np.testing.assert_allclose(np.diff(a["prediction"].astype(float)), 2)
    kind = curves[(curves["feature"] == "kind") & (curves["candidate"] == "OLS")]
    levels = kind.set_index("value")["prediction"]
    np.testing.assert_allclose(levels["v"] - levels["u"], 5)


def test_predictions_far_from_any_true_value_do_not_flatten_the_rest(pages):
    table = pd.DataFrame(
        {
            "feature": "a",
            "candidate": ["OLS"] * 3 + ["network"] * 3,
            "value": [0, 1, 2] * 2,
            "prediction": [-300.0, 5, 9, 4, 5, 6],
            "of class": "",
        }
    )
    kinds = pd.Series({"OLS": "linear", "network": "network"})
    drawn = figures.dependence(table, "y", kinds, figures.around([0, 10]))
    low, high = drawn.axes[0].get_ylim()
    assert -7 < low < -4
    assert 9 < high < 11
    assert "leave the picture" not in text(pages["amounts"])


def test_the_page_states_the_rule(pages):
    for folder in pages.values():
        page = text(folder)
        assert "P(gain > 0) is at least 0.95 and the gain at least 1 %" in page
        assert "P(gain > 1 %) is at most 0.05" in page


def test_rows_never_tested_are_left_out(tmp_path, rng):
    X = pd.DataFrame({"a": rng.normal(size=N), "day": np.arange(N)})
    y = 2 * X["a"].to_numpy() + rng.normal(size=N)
    result = compare(X, y, time="day", random_state=0, n_folds=3)
    result.save(tmp_path)
    rows = csv(tmp_path, "predictions")
    assert rows["predicted"].notna().all()
    assert rows["row"].min() > 1


def test_many_classes_and_foreign_letters_can_be_drawn(rng):
    table = pd.DataFrame(
        [(c, i, j, 3) for c in ("OLS", "network") for i in range(20) for j in (0, i)],
        columns=["candidate", "truth", "predicted", "rows"],
    )
    labels = [f"класс {i}" for i in range(20)]
    assert len(figures.confusion(table, "мишень", labels).axes) == 2


def test_few_rows_have_no_curve_but_a_page(tmp_path, rng):
    X = rng.normal(size=(45, 1))
    result = compare(X, X[:, 0] + rng.normal(size=45), random_state=0, n_folds=3,
                     repeats=1)  # fmt: skip
    assert result.winner.predict(X).shape == (45,)
    folder = result.save(tmp_path).parent
    assert not (folder / "figures" / "learning.svg").exists()
    assert "too few rows for learning curves" in text(folder)


def test_nothing_is_written_before_everything_is_drawn(amounts, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no pen")

    monkeypatch.setattr(figures, "dependence", fail)
    with pytest.raises(RuntimeError, match="no pen"):
        amounts.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def snapshot(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_full_disk_leaves_the_old_page_and_all_its_files(amounts, pages, monkeypatch):
    before = snapshot(pages["amounts"])
    write, calls = Path.write_bytes, []

    def refuse(path, content):
        calls.append(path)
        if len(calls) == 5:
            raise OSError("disk full")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match="disk full"):
        amounts.save(pages["amounts"])
    assert len(calls) == 5
    assert snapshot(pages["amounts"]) == before


@pytest.mark.parametrize("there", [False, True])
def test_a_page_that_fails_in_the_middle_leaves_nothing(
    amounts, tmp_path, monkeypatch, there
):
    out = tmp_path / "deep" / "out"
    if there:
        (out / "tables").mkdir(parents=True)
        (out / "tables" / "mine.csv").write_text("a,b")
    calls = []

    def refuse(source, target):
        calls.append(target)
        if len(calls) == 4:
            raise OSError("disk full")
        os.rename(source, target)

    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        amounts.save(out)
    assert len(calls) == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_a_folder_is_named_and_nothing_is_left(
    amounts, tmp_path
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "tables").write_text("mine")
    with pytest.raises(FileExistsError, match="tables"):
        amounts.save(out)
    assert [path.name for path in out.iterdir()] == ["tables"]
    assert (out / "tables").read_text() == "mine"


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
@pytest.mark.parametrize("name", ["amounts", "classes"])
def test_the_page_is_sound_in_a_browser(pages, name, width, scheme):
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
        page.on("dialog", lambda dialog: noise.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((pages[name] / "index.html").as_uri())
        boxes = [f.bounding_box() for f in page.locator("figure svg").all()]
        widest = page.evaluate("document.documentElement.scrollWidth")
        top = page.locator(".answer").bounding_box()
        browser.close()
    assert noise == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(boxes) == 5
    for box in boxes:
        assert box["width"] > 0.75 * min(width, 500)
        assert box["height"] > 80
    assert widest == width
    # The answer is seen without scrolling.
    assert top["y"] < 800


# Bad input, through the command.

GOOD = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i * i % 11 / 7}\n" for i in range(40))


@pytest.mark.parametrize(
    ("content", "target", "sentence"),
    [
        (None, "y", "There is no file"),
        ("", "y", "is empty"),
        ("y\n1\n2\n", "y", "one column"),
        (GOOD, "Y2", "Did you mean 'y'?"),
        (GOOD.replace("\n", ",\n").replace("y,\n", "y,z\n", 1), "z", "holds no values"),
        ("a,y\n" + "1,x\n2,x\n" * 20, "y", "has one value, x"),
        ("a,y\n1,2.5\n2,3.5\n4,1.5\n", "y", "3 rows"),
        (GOOD + "inf,1,2\n", "y", "1 infinite value"),
        ("a,y\n" + "".join(f"c{i},{i / 7}\n" for i in range(10_000)), "y", "No column"),
        ("a,y\n1,é\n".encode("latin-1"), "y", "has one value, é"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_in_no_file(
    tmp_path, content, target, sentence
):
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["compare", str(path), "--target", target, "--out", str(out)]
    )
    assert done.exit_code == 2
    *told, error = done.stderr.splitlines()
    assert all(line.startswith("Warning: ") for line in told)
    assert error.startswith("Error: ")
    assert sentence in error
    assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


def test_the_command_warns_of_the_leak_and_names_the_file(tmp_path):
    X, y = table()
    X.assign(price=y).to_csv(tmp_path / "houses.csv", index=False)
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app,
        ["compare", str(tmp_path / "houses.csv"), "--target", "price", "--out",
         str(out), "--repeats", "1", "--folds", "3"],
    )  # fmt: skip
    assert done.exit_code == 0
    assert "leak" in done.stderr
    assert "'copy'" in done.stderr
    assert re.search(r"houses\.csv, SHA-256 [0-9a-f]{64}", text(out))


def test_the_page_of_titanic_warns_of_the_column_that_is_the_target(tmp_path):
    folder = Path(os.environ.get("PERCEPTRONS_DATA", "../shared/data"))
    path = folder / "tables" / "titanic.csv"
    if not path.exists():
        pytest.skip("set PERCEPTRONS_DATA to a folder with tables/")
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app,
        ["compare", str(path), "--target", "survived", "--out", str(out),
         "--repeats", "1", "--folds", "3"],
    )  # fmt: skip
    warning = "Possible leak: the column 'alive' predicts 'survived' almost alone"
    assert f"Warning: {warning}" in done.stderr
    page = text(out)
    assert page.index(warning) < page.index("Unless 'alive' leaks the target")
    assert "--drop alive" in page
