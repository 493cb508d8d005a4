"""The commands fit, predict, export and show: from a CSV file to predictions."""

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from typer.testing import CliRunner

import perceptrons
from perceptrons.cli import app
from perceptrons.tables import TableEncoder, pieces

pytestmark = pytest.mark.filterwarnings("ignore")

RNG = np.random.default_rng(14)
N = 120


def table(decimal="."):
    size = RNG.uniform(20, 200, N)
    kind = RNG.choice(["flat", "house"], N)
    price = 1000 * size * np.where(kind == "house", 1.5, 1.0)
    written = [f"{v:.1f}".replace(".", decimal) for v in size]
    found = pd.DataFrame({"size": written, "kind": kind, "price": price.round()})
    found.loc[5, "size"] = ""
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    rows = table()
    rows.to_csv(folder / "houses.csv", index=False)
    rows.drop(columns="price").to_csv(folder / "new.csv", index=False)
    result = run("fit", folder / "houses.csv", "--target", "price",
                 "--model", folder / "m.model")  # fmt: skip
    assert "R^2" in result.output
    return folder


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def answers(*words):
    from io import StringIO

    return pd.read_csv(StringIO(run(*words).stdout))


def test_fit_keeps_what_predict_uses(folder):
    found = answers("predict", folder / "m.model", folder / "new.csv")
    assert list(found.columns) == ["price"]
    rows = pd.read_csv(folder / "houses.csv", dtype=str, keep_default_na=False)
    assert np.corrcoef(found["price"], rows["price"].astype(float))[0, 1] > 0.9
    again = perceptrons.load(folder / "m.model").predict(rows)
    assert_allclose(found["price"], again, rtol=1e-12)


def test_pieces_are_predicted_as_the_whole(folder, monkeypatch):
    whole = answers("predict", folder / "m.model", folder / "new.csv")
    cut = pieces.pieces
    monkeypatch.setattr(pieces, "pieces", lambda path, **how: cut(path, 7, **how))
    assert_array_equal(
        answers("predict", folder / "m.model", folder / "new.csv"), whole
    )


def test_what_several_blanks_divide_is_fitted_and_predicted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 7}   {i % 5}   {i % 3}" for i in range(40)]
    (tmp_path / "t.txt").write_text("\n".join(["a   b   y", *rows, ""]))
    run("fit", "t.txt", "--target", "y", "--task", "regression", "--model", "m")
    assert run("predict", "m", "t.txt").output.count("\n") == 41


def test_columns_are_matched_by_name_and_missing_ones_named(folder, tmp_path):
    rows = pd.read_csv(folder / "new.csv")
    rows.assign(more=1)[["more", "kind", "size"]].to_csv(tmp_path / "other.csv")
    assert_array_equal(
        answers("predict", folder / "m.model", tmp_path / "other.csv"),
        answers("predict", folder / "m.model", folder / "new.csv"),
    )
    rows.assign(more=1).drop(columns="size").to_csv(tmp_path / "less.csv", index=False)
    output = run("predict", folder / "m.model", tmp_path / "less.csv", code=2).output
    assert "'size'" in output
    assert "Traceback" not in output


def test_cells_read_otherwise_than_in_training_are_told(folder, tmp_path):
    rows = pd.read_csv(folder / "new.csv", dtype=str)
    told = run("predict", folder / "m.model", folder / "new.csv").stderr
    assert told == ""
    rows.assign(size=rows["size"].str.replace(".", ",")).to_csv(
        tmp_path / "commas.csv", index=False, sep=";"
    )
    told = run("predict", folder / "m.model", tmp_path / "commas.csv").stderr
    first = rows["size"][0].replace(".", ",")
    assert f"'size': {N - 1} cells" in told
    assert repr(first) in told
    rows.loc[[0, 1], "size"] = ["n/a", "old"]
    rows.to_csv(tmp_path / "words.csv", index=False)
    told = run("predict", folder / "m.model", tmp_path / "words.csv").stderr
    assert "1 cell cannot" in told
    assert "'old'" in told


def test_an_encoding_that_was_guessed_is_told(folder, tmp_path):
    rows = pd.read_csv(folder / "houses.csv", dtype=str).assign(town="Münster")
    rows.to_csv(tmp_path / "western.csv", index=False, encoding="cp1252")
    told = run("predict", folder / "m.model", tmp_path / "western.csv").stderr
    assert "read as Windows-1252, in which it holds 'Münster'" in told


def test_new_levels_are_told_and_a_table_without_rows_has_none(folder, tmp_path):
    rows = pd.read_csv(folder / "new.csv", dtype=str)
    rows["kind"] = "never"
    rows.to_csv(tmp_path / "levels.csv", index=False)
    told = run("predict", folder / "m.model", tmp_path / "levels.csv").stderr
    assert f"'kind': {N:,} cells with a level that no row fitted had" in told
    rows.iloc[:0].to_csv(tmp_path / "empty.csv", index=False)
    done = run("predict", folder / "m.model", tmp_path / "empty.csv")
    assert done.stdout == "price\n"


def test_a_reader_that_goes_away_is_no_error(folder):
    command = [sys.executable, "-m", "perceptrons", "predict"]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run([*command, folder / "m.model", folder / "new.csv"],
                           stdout=write, stderr=subprocess.PIPE)  # fmt: skip
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_predictions_are_written_whole_or_not_at_all(folder, tmp_path):
    out = tmp_path / "answers.csv"
    run("predict", folder / "m.model", folder / "new.csv", "--out", out)
    assert len(pd.read_csv(out)) == N
    before = out.read_bytes()
    (tmp_path / "less.csv").write_text("kind,other\nflat,1\n")
    run("predict", folder / "m.model", tmp_path / "less.csv", "--out", out, code=2)
    assert out.read_bytes() == before
    assert set(os.listdir(tmp_path)) == {"answers.csv", "less.csv"}


def test_intervals_have_two_ends(folder):
    found = answers("predict", folder / "m.model", folder / "new.csv",
                    "--interval", "0.8")  # fmt: skip
    assert (found["low"] < found["high"]).all()


def test_classes_come_with_their_probabilities(tmp_path):
    rows = table(decimal=",")
    rows["kind"] = np.where(rows["price"] > 1e5, "dear", "cheap")
    rows.drop(columns="price").to_csv(tmp_path / "t.csv", index=False, sep=";")
    run("fit", tmp_path / "t.csv", "--target", "kind", "--model", tmp_path / "m")
    found = answers("predict", tmp_path / "m", tmp_path / "t.csv")
    assert list(found.columns) == [
        "kind", "probability of cheap", "probability of dear"]  # fmt: skip
    assert_allclose(found.iloc[:, 1:].sum(axis=1), 1.0)
    assert (found["kind"] == rows["kind"]).mean() > 0.9
    said = run("predict", tmp_path / "m", tmp_path / "t.csv", "--interval", 0.9, code=2)
    assert "predict_interval is not known to TabularClassifier" in said.output


def test_show_says_what_a_model_is(folder, tmp_path):
    output = run("show", folder / "m.model").output
    assert "target: price" in output
    assert "houses.csv, 120 rows" in output
    assert re.search(r"score: R\^2 [\d.]+ on rows held out", output)
    assert "  size: " in output
    net = perceptrons.MLPRegressor(hidden_layer_sizes=(2,), max_iter=3)
    net.fit(RNG.normal(size=(20, 2)), RNG.normal(size=20)).save(tmp_path / "net")
    assert "hidden 1" in run("show", tmp_path / "net").output


def test_export_writes_other_languages(tmp_path):
    net = perceptrons.MLPRegressor(hidden_layer_sizes=(2,), max_iter=3)
    net.fit(RNG.normal(size=(20, 2)), RNG.normal(size=20)).save(
        tmp_path / "a-net.model"
    )
    run("export", tmp_path / "a-net.model", "--to", "c")
    run("export", tmp_path / "a-net.model", "--to", "onnx")
    assert '#include "a_net.h"' in (tmp_path / "a_net.c").read_text()
    assert (tmp_path / "a_net.h").exists()
    assert (tmp_path / "a-net.onnx").stat().st_size > 100
    text = run("export", tmp_path / "a-net.model", "--to", "formula").output
    assert text.startswith("from math import")


def test_a_preset_that_was_fitted_and_exported_predicts_the_same(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    rows = table().drop(columns="kind")  # a gap among its numbers stays
    rows.to_csv(tmp_path / "t.csv", index=False)
    run("fit", tmp_path / "t.csv", "--target", "price", "--model", tmp_path / "m")
    expected = answers("predict", tmp_path / "m", tmp_path / "t.csv")["price"]
    run("export", tmp_path / "m", "--to", "onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    sizes = pd.to_numeric(rows["size"], errors="coerce").to_numpy(float)
    (found,) = session.run(None, {"X": sizes[:, None]})
    assert np.isnan(sizes).sum() == 1
    assert_allclose(found.ravel(), expected, atol=2e-6 * np.ptp(expected))
    run("export", tmp_path / "m", "--to", "c")
    assert "m_predict(const double x[M_INPUTS]" in (tmp_path / "m.c").read_text()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["predict", "no.model", "t.csv"], "no.model: No such file"),
        (["show", "pipe"], "pipe cannot be loaded: it is no regular file"),
        (["show", "folder"], "folder: Is a directory; name another file"),
        (["show", "t.csv"], "cannot be loaded"),
        (["fit", "t.csv", "--target", "none"], "none"),
        (["fit", "t.csv", "--target", "a", "--model", "nowhere/m"], "--model"),
    ],
)
def test_misuse_is_a_sentence(words, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    result = run(*words, code=2)
    assert match in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_ten_million_rows_stream_in_bounded_memory(folder, tmp_path):
    path = tmp_path / "many.csv"
    block = pd.read_csv(folder / "new.csv").sample(
        100_000, replace=True, random_state=0
    )
    with path.open("w") as stream:
        stream.write("size,kind\n")
        text = block.to_csv(index=False, header=False)
        for _ in range(100):
            stream.write(text)
    code = (
        "import resource, sys; from perceptrons.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "
        "file=sys.stderr)"
    )
    given = ["predict", folder / "m.model", path, "--out", tmp_path / "out.csv"]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True,
                          text=True, check=True)  # fmt: skip
    # A megabyte of rows takes some ten of text and numbers; the file has 10^7 rows.
    assert int(done.stderr.split()[-1]) < 800_000
    with (tmp_path / "out.csv").open() as stream:
        assert sum(1 for _ in stream) == 10_000_001


def test_an_infinite_cell_is_found_wherever_the_file_was_cut(
    folder, tmp_path, monkeypatch
):
    rows = pd.read_csv(folder / "new.csv", dtype=str)
    rows.loc[16, "size"] = "9" * 400
    rows.to_csv(tmp_path / "t.csv", index=False)
    cut = pieces.pieces
    monkeypatch.setattr(pieces, "pieces", lambda path, **how: cut(path, 7, **how))
    said = run("predict", folder / "m.model", tmp_path / "t.csv", code=2).output
    assert "in row 3 of the data" in " ".join(said.split())
    assert "counted after row 14" in " ".join(said.split())


def test_a_terminal_shows_that_predictions_are_made(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    given = ("predict", folder / "m.model", folder / "new.csv", "--out")
    assert "predicting new.csv" in run(*given, tmp_path / "p.csv").stderr


def test_an_encoder_reads_pieces_as_it_read_the_whole(tmp_path):
    rows = table(decimal=",")
    rows.to_csv(tmp_path / "t.csv", index=False, sep=";")
    text = pd.concat(pieces.pieces(tmp_path / "t.csv", 11), ignore_index=True)
    assert text["size"].isna().sum() == 1
    encoder = TableEncoder().fit(text)
    parts = [encoder.transform(part) for part in pieces.pieces(tmp_path / "t.csv", 9)]
    assert_array_equal(np.vstack(parts), encoder.transform(text))
