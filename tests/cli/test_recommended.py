"""What a comparison recommends is kept, and predicts: by fit and by compare."""

from dataclasses import replace
from functools import partial
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from typer.testing import CliRunner

import perceptrons
from perceptrons.cli import app
from perceptrons.cli.models import winner_of
from perceptrons.comparison import compare as comparing
from perceptrons.presets import race

pytestmark = pytest.mark.filterwarnings("ignore")

N = 90


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Small networks in few folds, in this process: which one wins does not matter."""
    effort = race.Effort(1e5, ("plain",), (0.3,), ((6, 5),), 1, 1)
    monkeypatch.setitem(race.EFFORTS, "default", effort)
    monkeypatch.setitem(race.RATES, (6, 5), 0.01)
    few = partial(comparing.compare, quick=True, n_jobs=1)
    monkeypatch.setattr(comparing, "compare", few)


def table(target):
    rng = np.random.default_rng(15)
    size, kind = rng.uniform(-3, 3, N), rng.choice(["flat", "house"], N)
    y = {
        "wave": np.sin(2 * size) + 0.1 * rng.normal(size=N),
        "classes": np.where(size + 0.3 * rng.normal(size=N) > 0, "many", "few"),
    }[target]
    return pd.DataFrame({"size": size.round(3), "kind": kind, "y": y})


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def assert_useful(file, folder, rows):
    """The file predicts the table, as a model from Python does."""
    found = pd.read_csv(StringIO(run("predict", file, folder / "new.csv")))
    if rows["y"].dtype.kind == "f":
        assert np.corrcoef(found["y"], rows["y"])[0, 1] > 0.9
    else:
        assert (found["y"] == rows["y"]).mean() > 0.8
        assert_allclose(found.filter(like="probability").sum(axis=1), 1.0)
    text = pd.read_csv(folder / "new.csv", dtype=str)
    given = text if "fitted" in str(file) else pd.read_csv(folder / "new.csv")
    again = perceptrons.load(file).predict(given)
    if rows["y"].dtype.kind == "f":
        assert_allclose(found["y"], again, rtol=1e-12)
    else:
        assert found["y"].tolist() == again.tolist()
    assert "columns:" in run("show", file)


def test_the_file_names_the_model_that_it_holds():
    rows = table("wave")
    result = comparing.compare(rows[["size"]], rows["y"], repeats=1, n_folds=3)
    for status, name in [("justified", "OLS"), ("undecided", "constant")]:
        verdict = replace(result.verdict, status=status, recommended=name)
        kept = winner_of(replace(result, verdict=verdict))
        assert kept.about["model"].startswith(f"{name}: ")
        assert type(kept.model) is type(result.fitted(name)[-1])


@pytest.mark.parametrize("target", ["wave", "classes"])
def test_boosting_that_is_recommended_is_kept(target, tmp_path):
    rows = table(target)
    result = comparing.compare(rows[["size", "kind"]], rows["y"], repeats=1, n_folds=3)
    verdict = replace(result.verdict, status="not justified", recommended="boosting")
    result = replace(result, verdict=verdict)
    winner_of(result).save(tmp_path / "kept.model")
    rows.to_csv(tmp_path / "new.csv", index=False)
    found = pd.read_csv(StringIO(run("predict", tmp_path / "kept.model",
                                     tmp_path / "new.csv")))  # fmt: skip
    expected = result.winner.predict(rows[["size", "kind"]])
    if target == "wave":
        assert_allclose(found["y"], expected, rtol=1e-12)
        assert list(found) == ["y"]
    else:
        assert found["y"].tolist() == expected.tolist()
        assert list(found)[1:] == ["probability of few", "probability of many"]
    assert "boosting" in run("show", tmp_path / "kept.model")


TARGETS = ["wave", pytest.param("classes", marks=pytest.mark.slow)]


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_recommended_is_kept_and_predicts(target, tmp_path):
    rows = table(target)
    rows.to_csv(tmp_path / "table.csv", index=False)
    rows.drop(columns="y").to_csv(tmp_path / "new.csv", index=False)
    run("fit", tmp_path / "table.csv", "--target", "y", "--recommended",
        "--model", tmp_path / "fitted.model")  # fmt: skip
    assert_useful(tmp_path / "fitted.model", tmp_path, rows)


@pytest.mark.parametrize("target", TARGETS)
def test_compare_keeps_what_it_recommends_beside_its_page(
    target, tmp_path, monkeypatch
):
    monkeypatch.setattr("perceptrons.comparison.command.compare", comparing.compare)
    rows = table(target)
    rows.to_csv(tmp_path / "table.csv", index=False)
    rows.drop(columns="y").to_csv(tmp_path / "new.csv", index=False)
    said = run("compare", tmp_path / "table.csv", "--target", "y", "--quick",
               "--jobs", "1", "--out", tmp_path / "page")  # fmt: skip
    model = tmp_path / "page" / "model.safetensors"
    assert f"perceptrons predict {model} TABLE" in said.replace("\n", " ")
    assert_useful(model, tmp_path, rows)


WRITTEN = {
    "decimal comma": (
        lambda v: f"{v:.3f}".replace(".", ","), ["--decimal", ","], "1,250 2,750",
    ),
    "thousands": (lambda v: f"{1000 * v:,.0f}", ["--thousands", ","], "1,250 2,750"),
    "point": (lambda v: f"{v:.3f}", [], "1.250 2.750"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["compare", "fit", "fit --recommended"])
@pytest.mark.parametrize("written", WRITTEN)
def test_new_rows_are_read_as_those_of_the_table(command, written, tmp_path):
    # The file of new rows alone could be read in two ways, and has one column.
    write, options, new = WRITTEN[written]
    size = np.random.default_rng(16).uniform(0, 3, N)
    rows = pd.DataFrame({"size": [write(v) for v in size]})
    rows["y"] = (100 * size).round().astype(int)
    rows.to_csv(tmp_path / "table.csv", index=False)
    file = tmp_path / "model.safetensors"
    how = ["--repeats", 1, "--folds", 3, "--jobs", 1, "--out", tmp_path]
    if command != "compare":
        how = ["--model", file]
    name, *flags = command.split()
    run(name, tmp_path / "table.csv", "--target", "y", *flags, *how, *options)
    pd.DataFrame({"size": new.split()}).to_csv(tmp_path / "new.csv", index=False)
    found = pd.read_csv(StringIO(run("predict", file, tmp_path / "new.csv")))
    assert_allclose(found["y"], [125, 275], atol=20)


def test_codes_of_new_rows_are_those_compared(tmp_path):
    rng = np.random.default_rng(17)
    codes = rng.choice(["007", "012", "100"], N)
    y = 100 * (codes == "007") + rng.integers(0, 30, N)
    rows = pd.DataFrame({"code": codes, "y": y})
    rows.to_csv(tmp_path / "table.csv", index=False)
    run("compare", tmp_path / "table.csv", "--target", "y", "--category", "code",
        "--repeats", 1, "--folds", 3, "--jobs", 1, "--out", tmp_path)  # fmt: skip
    (tmp_path / "new.csv").write_text("code\n007\n100\n")
    said = CliRunner().invoke(
        app, ["predict", f"{tmp_path}/model.safetensors", f"{tmp_path}/new.csv"]
    )
    assert "Warning" not in said.stderr
    assert_allclose(pd.read_csv(StringIO(said.stdout))["y"], [115, 15], atol=15)


@pytest.mark.parametrize("command", ["compare", "fit", "fit --recommended"])
def test_gaps_of_the_table_are_gaps_of_new_rows(command, tmp_path):
    size = np.random.default_rng(18).uniform(0, 3, N).round(3)
    rows = pd.DataFrame({"self": size, "y": (100 * size).round().astype(int)})
    rows.loc[::9, "self"] = -999
    rows.to_csv(tmp_path / "table.csv", index=False)
    file = tmp_path / "model.safetensors"
    how = ["--repeats", 1, "--folds", 3, "--jobs", 1, "--out", tmp_path]
    if command != "compare":
        how = ["--model", file]
    name, *flags = command.split()
    run(name, tmp_path / "table.csv", "--target", "y", "--gaps", "-999", *flags, *how)
    for text, place in (("-999", "a.csv"), ("", "b.csv")):
        (tmp_path / place).write_text(f"self,other\n{text},1\n1.5,2\n")
    found, empty = (
        pd.read_csv(StringIO(run("predict", file, tmp_path / place)))["y"]
        for place in ("a.csv", "b.csv")
    )
    assert found.tolist() == empty.tolist()


DRESSES = {
    "truths": (["TRUE", "FALSE"], ["true", "False"]),
    "truths with gaps": (["TRUE", "FALSE", ""], ["True", "false"]),
    "codes": (["17", "4"], ["17.0", "4.0"]),
    "words": (["no", " yes"], ["no ", "yes"]),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_level_is_known_in_other_ways_to_write_it(dress, tmp_path):
    cells, others = DRESSES[dress]
    rng = np.random.default_rng(19)
    place = rng.integers(0, len(cells), N)
    rows = pd.DataFrame({
        "kind": np.array(cells)[place], "size": rng.normal(size=N).round(3),
        "y": 100 * place + rng.integers(0, 30, N),
    })  # fmt: skip
    rows.to_csv(tmp_path / "table.csv", index=False)
    file = tmp_path / "model.safetensors"
    how = ["--repeats", 1, "--folds", 3, "--jobs", 1, "--out", tmp_path]
    if dress == "codes":
        how += ["--category", "kind"]
    run("compare", tmp_path / "table.csv", "--target", "y", *how)
    answers = []
    for kinds in (cells[:2], others):
        pd.DataFrame({"kind": kinds, "size": 0.1}).to_csv(tmp_path / "new.csv")
        said = CliRunner().invoke(app, ["predict", str(file), f"{tmp_path}/new.csv"])
        assert "Warning" not in said.stderr, said.stderr
        answers.append(pd.read_csv(StringIO(said.stdout))["y"].tolist())
    assert answers[0] == answers[1]
    assert answers[0][1] - answers[0][0] > 50
