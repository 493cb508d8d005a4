"""A reader's own study: its file, its data, its page."""

import base64
import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from typer.testing import CliRunner

from perceptrons import provenance
from perceptrons.cli import app
from perceptrons.data import source, table
from perceptrons.pages import pdf
from perceptrons.report import build
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import load
from perceptrons.study.shipped import BUILTIN

STUDY = """
title = "Which network for my table?"
question = "How wide, how fast?"
dataset = { file = "my.csv", target = "y", test_size = 0.25 }
metric = "test_mse"
seeds = [0, 1, 2]

[base]
max_iter = 5
tol = 0.0

[axes]
hidden_layer_sizes = [[2], [4]]
learning_rate_init = [0.001, 0.01]

[quick]
max_iter = 2

[[extra]]
procedure = "baseline"
model = "ols"
degree = 1
"""


@pytest.fixture
def folder(tmp_path, rng):
    """Return a folder with a study and its table of 40 rows."""
    X = rng.normal(size=(40, 2))
    data = pd.DataFrame({"a": X[:, 0], "y": X @ [1.0, -1.0], "b": 5 + 3 * X[:, 1]})
    data["kind"] = np.where(X[:, 0] > 0, "cat", "dog")
    data.drop(columns="kind").to_csv(tmp_path / "my.csv", index=False)
    data.drop(columns="y").to_csv(tmp_path / "kinds.csv", index=False)
    (tmp_path / "mine.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture(autouse=True)
def one_code(monkeypatch):
    """Keep keys of runs when sources are edited while the tests run."""
    monkeypatch.setattr(provenance, "code", lambda: "one code")


def call(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def run(folder, *arguments):
    out = folder / "out"
    return call("study", folder / "mine.toml", "--out", out, "--jobs", 1, *arguments)


def csv(folder, name):
    # Some keys, which are hashes, pass for numbers.
    path = folder / "out" / "tables" / f"mine-{name}.csv"
    return pd.read_csv(path, dtype={"key": str})


def test_a_study_gives_tables_curves_and_a_heat_map(folder):
    done = run(folder)
    assert done.exit_code == 0, done.output
    assert str(folder / "out" / "index.html") in done.stdout
    html = (folder / "out" / "index.html").read_text()
    assert "<h1>Which network for my table?</h1>" in html
    for name in ("mine-cost", "mine-map"):
        assert f'<figure id="{name}">' in html
    assert "re-run" not in html
    assert "chosen among 5 by its validation MSE, of rows held out for that" in html
    cells, runs = csv(folder, "all"), csv(folder, "runs")
    assert len(cells) == 5
    assert len(runs) == 15
    assert cells["best in (of 3 seeds)"].sum() == 3
    test_mse = runs.set_index("key")["test_mse"]
    for _, cell in cells.iterrows():
        errors = test_mse[cell["runs"].split()]
        np.testing.assert_allclose(cell["test MSE"], errors.median())
        np.testing.assert_allclose(cell["spread over seeds"], errors.std())
    best = csv(folder, "best")
    assert best["validation MSE"].tolist() == sorted(cells["validation MSE"])
    # A linear target: least squares is exact.
    assert best["model"][0] == "OLS, degree 1"
    assert len(csv(folder, "map")) == 4


def test_the_best_is_chosen_by_rows_that_do_not_test(folder):
    done = run(folder)
    assert done.exit_code == 0, done.output
    runs = csv(folder, "runs")
    networks = runs[runs["procedure"] == "network"]
    medians = networks.groupby("settings")[["validation_mse", "test_mse"]].median()
    by_hand = medians.sort_values("validation_mse")
    best = csv(folder, "best")
    shown = best[best["model"] != "OLS, degree 1"]
    np.testing.assert_allclose(shown["validation MSE"], by_hand["validation_mse"])
    np.testing.assert_allclose(shown["test MSE"], by_hand["test_mse"])
    winners = runs.loc[runs.groupby("seed")["validation_mse"].idxmin(), "key"]
    times = {key: cell for cell, keys in best["runs"].items() for key in keys.split()}
    counts = winners.map(times).value_counts().reindex(best.index, fill_value=0)
    assert counts.tolist() == best["best in (of 3 seeds)"].tolist()
    np.testing.assert_allclose(
        csv(folder, "map")["value"].sort_values(), by_hand["validation_mse"]
    )


def test_validation_leaves_the_test_rows_as_they_are_and_can_be_left_out(folder):
    (folder / "mine.toml").write_text(
        STUDY.replace("test_size = 0.25", "test_size = 0.25, validation_size = 0")
    )
    done = run(folder)
    assert done.exit_code == 0, done.output
    html = (folder / "out" / "index.html").read_text()
    assert "chosen among 5 by the very test rows that its error is measured on" in html
    assert "validation_mse" not in csv(folder, "runs")
    without = source(load(folder / "mine.toml").dataset)(0)
    (folder / "mine.toml").write_text(STUDY)
    with_part = source(load(folder / "mine.toml").dataset)(0)
    np.testing.assert_array_equal(without.y_test, with_part.y_test)
    both = [*with_part.validation[1], *with_part.y_train]
    np.testing.assert_array_equal(without.y_train, both)


def test_folds_choose_by_rows_that_do_not_test(folder):
    text = STUDY.replace("degree = 1", "degree = 1\nfolds = 4")
    (folder / "mine.toml").write_text(text)
    assert run(folder, "--seeds", 1).exit_code == 0
    found = csv(folder, "runs").set_index("procedure").loc["baseline"]
    data = source(load(folder / "mine.toml").dataset)(0)
    X = np.concatenate([data.X_train, data.validation[0], data.X_test])
    y = np.concatenate([data.y_train, data.validation[1], data.y_test])
    folds = KFold(4, shuffle=True, random_state=0)
    errors = (cross_val_predict(LinearRegression(), X, y, cv=folds) - y) ** 2
    expected = errors[:30].mean(), errors[30:].mean()
    np.testing.assert_allclose(
        (found["validation_mse"], found["test_mse"]), expected, rtol=1e-6, atol=1e-20
    )


def test_a_copy_of_a_built_in_study_runs_as_ones_own(folder):
    text = call("list", "--toml", "optimizers").stdout
    (folder / "mine.toml").write_text(text.replace("max_iter = 80", "max_iter = 2"))
    done = run(folder, "--quick")
    assert done.exit_code == 0, done.output
    # 24 networks and two linear models.
    assert len(csv(folder, "all")) == 26
    # Three axes: a panel for each value of the first.
    assert csv(folder, "map")["panel"].nunique() == 2


@pytest.mark.parametrize("name", BUILTIN)
def test_every_built_in_study_is_a_template(name, folder):
    printed = folder / f"{name}.toml"
    printed.write_text(call("list", "--toml", name).stdout)
    assert load(printed).runs(quick=True)


def test_classes_of_any_text_are_told_apart(folder):
    text = STUDY.replace("my.csv", "kinds.csv").replace('"y"', '"kind"')
    text = text.replace("test_mse", "test_error").partition("[[extra]]")[0]
    text = text.replace("title", 'procedure = "classifier"\ntitle').replace(
        "= 5", "= 99"
    )
    (folder / "mine.toml").write_text(text)
    done = run(folder, "--seeds", 1)
    assert done.exit_code == 0, done.output
    assert csv(folder, "all")["test error"].min() < 0.2
    best = csv(folder, "best")["validation error"]
    errors = csv(folder, "runs")["validation_error"]
    np.testing.assert_allclose(best, errors.sort_values())


def test_a_class_without_a_row_to_train_on_is_named_before_any_training(folder):
    rows = [f"{n},{'abc'[n % 3]}" for n in range(30)]
    (folder / "my.csv").write_text("\n".join(["x,y", *rows, "30,rare", "31,rare"]))
    shares = {"test_size": 0.5, "validation_size": 0}
    settings = {"file": "my.csv", "target": "y", **shares}
    file = table.describe(settings, folder, classes=True)

    def lacks(seed):
        order = np.random.RandomState(seed).permutation(32)
        return {30, 31} <= set(order[:16])

    bad = next(seed for seed in range(99) if lacks(seed))
    good = next(seed for seed in range(99) if not lacks(seed))
    data = table.load(file, good)
    assert set(data.y_test) <= set(data.y_train)
    sentence = f"seed {bad} leaves no row of class 'rare' to train on"
    with pytest.raises(ValueError, match=sentence):
        table.load(file, bad)
    (folder / "mine.toml").write_text(
        'title = "Mine"\nquestion = "?"\nmetric = "test_error"\n'
        f'procedure = "classifier"\nseeds = [{good}, {bad}]\n'
        'dataset = { file = "my.csv", target = "y", test_size = 0.5, '
        "validation_size = 0 }\n"
    )
    done = run(folder)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out" / "runs.sqlite").exists()


def test_the_files_beside_the_page_do_not_say_where_the_table_lies(folder):
    done = run(folder, "--seeds", 1)
    assert done.exit_code == 0, done.output
    files = [path for path in (folder / "out").rglob("*.*") if path.is_file()]
    assert folder / "out" / "runs.sqlite" in files
    for path in files:
        assert str(folder).encode() not in path.read_bytes(), path
    html = (folder / "out" / "index.html").read_text()
    carried = re.findall(r"data:text/csv;base64,([^\"]+)", html)
    assert carried
    assert not any(str(folder) in base64.b64decode(c).decode() for c in carried)
    digest = hashlib.sha256((folder / "my.csv").read_bytes()).hexdigest()
    assert csv(folder, "runs")["dataset"].str.contains(digest).all()


def test_a_name_with_signs_gives_a_page_whose_links_work(folder):
    path = folder / "50% (1) 'a' #2.toml"
    path.write_text(STUDY)
    done = call("study", path, "--out", folder / "out", "--jobs", 1, "--seeds", 1)
    assert done.exit_code == 0, done.output
    html = (folder / "out" / "index.html").read_text()
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    links = re.findall(r'url\(#([^)]*)\)|href="#([^"]+)"', html)
    assert any(url for url, _ in links)
    assert {url or link for url, link in links} <= ids
    for link in re.findall(r'href="((?:tables|figures)/[^"]+)"', html):
        assert (folder / "out" / link).exists(), link


def test_features_are_standardized_and_rows_split_by_seed(folder):
    data = source(load(folder / "mine.toml").dataset)
    zero, one = data(0), data(1)
    assert zero.X_train.shape == (22, 2)
    assert zero.validation[0].shape == (8, 2)
    assert zero.X_test.shape == (10, 2)
    np.testing.assert_allclose(zero.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(zero.X_train.std(axis=0), 1)
    assert zero.sha == data(0).sha != one.sha
    whole = pd.read_csv(folder / "my.csv")["y"]
    for part in (zero, one):
        both = np.sort(np.concatenate([part.y_train, part.validation[1], part.y_test]))
        np.testing.assert_array_equal(both, np.sort(whole))


def test_runs_belong_to_the_content_of_the_file_not_to_its_place(folder):
    before = [run.key for run in load(folder / "mine.toml").runs()]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    for name in ("mine.toml", "my.csv"):
        (elsewhere / name).write_bytes((folder / name).read_bytes())
    moved = load(elsewhere / "mine.toml")
    assert [run.key for run in moved.runs()] == before
    with (elsewhere / "my.csv").open("a") as stream:
        stream.write("1,2,3\n")
    assert not {r.key for r in load(elsewhere / "mine.toml").runs()} & set(before)
    # Read before the change, loaded after it.
    with pytest.raises(ValueError, match="changed while the study was running"):
        source(moved.dataset)(0)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("metric", "metrics", "Did you mean 'metric'?"),
        ("max_iter = 5", "max_itr = 5", "a setting of 'network' must be one of"),
        ("max_iter = 5", "max_iter = 0", "max_iter must be at least 1"),
        ("test_size", "tset_size", "Did you mean 'test_size'?"),
        ("0.25", "0.25, validation_size = 1", "dataset.validation_size must be in"),
        ("0.25", "0.25, validation_size = 0.74", "leave 0 to train on"),
        ("0.25", "1.5", "dataset.test_size must be in (0, 1), got 1.5"),
        ('"y"', '"z"', "dataset.target must name a column, got 'z'"),
        ("my.csv", "your.csv", "your.csv cannot be read"),
        ('"my.csv"', "3", "dataset.file must be a text, got 3"),
        ("[0, 1, 2]", '"all"', "seeds must be a list, got 'all'"),
        ('{ file = "my.csv", target = "y", test_size = 0.25 }', '"runga"',
         "Did you mean 'runge'?"),
        ("title", "title = ", "is not valid TOML"),
        ("procedure = \"baseline\"", "procedure = \"basline\"",
         "Did you mean 'baseline'?"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_in_one_sentence(folder, old, new, sentence):
    (folder / "mine.toml").write_text(STUDY.replace(old, new))
    done = run(folder)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "mine" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out" / "runs.sqlite").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("y\n1\n2\n", "has one column, 'y'"),
        ("a,y\n1,2\n3\n", "2 names in its header but 1 fields in line 3"),
        ("a,y\n1,x\n3,z\n4,w\n", "the target 'y' must hold numbers, got 'x'"),
        ("a,y\n1,\n3,4\n", "the target 'y' lacks 1 values, the first in row 2"),
        ("a,y\n1,inf\n3,4\n", "'y' must hold finite numbers"),
        ("a,y\n1,2\n3,4\n", "leave 0 to train on; 2 are needed"),
        ("a,y\nx,2\nx,4\n", "No column is left to predict from"),
        ("a,b,a,y\n1,2,3,4\n5,6,7,8\n", "more than one column named 'a'"),
        ("a,y,y\n1,2,3\n4,5,6\n", "more than one column named 'y'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_column(
    folder, content, sentence
):
    (folder / "my.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(ExperimentError) as caught:
        load(folder / "mine.toml")
    assert sentence in str(caught.value)


def test_quoted_names_and_line_breaks_are_read(folder):
    content = '"a, b","y\nhere"\n1,2\n3,4\n5,6\n'
    (folder / "odd.csv").write_text(content)
    settings = {"file": "odd.csv", "target": "y\nhere", "validation_size": 0}
    file = table.describe(settings, folder, classes=False)
    data = table.load(file, 0)
    assert sorted([*data.y_train, *data.y_test]) == [2, 4, 6]
    assert data.X_train.shape == (2, 1)


def test_words_gaps_and_dates_are_features_of_a_study(folder, rng):
    n = 60
    data = pd.DataFrame(
        {
            "size": [f"{v:,}" for v in 800 + 37 * np.arange(n)],
            "town": rng.choice(["a", "b"], n),
            "sold": pd.date_range("2020-01-01", periods=n).strftime("%d.%m.%Y"),
            "room": np.where(np.arange(n) % 7, 3.5, np.nan),
            "y": rng.normal(size=n),
        }
    )
    data.to_csv(folder / "words.csv", index=False, sep=";")
    settings = {"file": "words.csv", "target": "y", "gaps": ["none"]}
    file = table.describe(settings, folder, classes=False)
    data = table.load(file, 0)
    # size, room, its gaps; two towns; days and the day of the week.
    assert data.X_train.shape == (36, 3 + 2 + 3)
    assert data.y_train.shape == (36,)
    np.testing.assert_allclose(data.X_train[:, 0].std(), 1)
    assert np.isfinite(data.X_test).all()
    assert "',' parts thousands" in file.description
    assert table.named(file.name) == file
    with pytest.raises(TypeError, match=r"dataset\.drop must be a list of texts"):
        table.describe({**settings, "drop": "town"}, folder, classes=False)


def test_redrawing_needs_every_run_and_trains_none(folder):
    refused = run(folder, "--from-store")
    assert refused.exit_code == 2
    assert "15 of 15 are missing (mine" in refused.stderr
    run(folder, "--seeds", 2)
    refused = run(folder, "--from-store", "--json")
    assert "5 of 15 are missing" in refused.stderr
    page = folder / "out" / "index.html"
    page.unlink()
    done = run(folder, "--from-store", "--json", "--seeds", 2)
    assert json.loads(done.stdout)["trained"] == 0
    assert page.exists()


def test_the_missing_runs_come_with_the_command_that_trains_them(folder):
    request = build.Request(
        [], folder / "out", command="perceptrons study a.toml --from-store --seeds 2",
        from_store=True,
    )  # fmt: skip
    with pytest.raises(ExperimentError, match=r"`perceptrons study a\.toml --seeds 2`"):
        build.study(folder / "mine.toml", request)


def test_a_pdf_has_the_page_on_paper(folder):
    if not pdf.can_convert():
        pytest.skip("WeasyPrint is not installed")
    done = run(folder, "--seeds", 1, "--format", "pdf")
    assert done.exit_code == 0, done.output
    assert str(folder / "out" / "report.pdf") in done.stdout
    assert (folder / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "out" / "index.html").exists()


def test_without_weasyprint_a_pdf_is_refused_with_the_hint(folder, monkeypatch):
    monkeypatch.setattr(pdf, "can_convert", lambda: False)
    done = run(folder, "--format", "pdf")
    assert done.exit_code == 2
    assert "pip install 'perceptrons[pdf]'" in done.stderr
    assert "libpango" in done.stderr
    assert not (folder / "out").exists()
