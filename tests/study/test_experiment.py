"""Experiments: files, their checks, and the runs they become."""

import math
from importlib import resources

import pytest

from perceptrons.study import result
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import builtin, load
from perceptrons.study.shipped import BUILTIN, published

GOOD = """
title = "Mine"
question = "Does it?"
dataset = "runge"
metric = "test_mse"
seeds = [0, 1]

[base]
solver = "gd"
n_iter_no_change = inf
max_iter = 30

[axes]
learning_rate_init = [0.1, 0.2]
hidden_layer_sizes = [[2], [3, 4]]

[quick]
max_iter = 3

[[extra]]
procedure = "baseline"
model = "ols"
degree = 2

[[extra]]
solver = "adam"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_runs_are_every_cell_then_the_extra_ones_seed_after_seed(write):
    runs = load(write(GOOD)).runs()
    assert len(runs) == 2 * (2 * 2 + 2)
    cells = [
        (r.settings["learning_rate_init"], r.settings["hidden_layer_sizes"])
        for r in runs[:4]
    ]
    assert cells == [(0.1, [2]), (0.1, [3, 4]), (0.2, [2]), (0.2, [3, 4])]
    assert runs[4].procedure == "baseline"
    assert runs[4].settings == {"model": "ols", "degree": 2}
    assert runs[5].settings == {
        "solver": "adam", "n_iter_no_change": math.inf, "max_iter": 30
    }  # fmt: skip
    assert [run.seed for run in runs] == [0] * 6 + [1] * 6


def test_settings_of_one_table_of_an_axis_vary_together(write):
    tables = '[{}, { l1 = 0.1, activation = "relu" }, { l2 = 0.2 }]'
    changed = GOOD.replace("learning_rate_init = [0.1, 0.2]", f"penalty = {tables}")
    cells = [run.settings for run in load(write(changed)).runs()[: 3 * 2]]
    named = ("l1", "l2", "activation")
    found = [{k: cell[k] for k in named if k in cell} for cell in cells[::2]]
    assert found == [{}, {"l1": 0.1, "activation": "relu"}, {"l2": 0.2}]
    assert not any("penalty" in cell for cell in cells)


def test_a_misspelt_setting_in_a_table_of_an_axis_is_refused(write):
    changed = GOOD.replace("[0.1, 0.2]", "[{ activatoin = 'relu' }]")
    with pytest.raises(ExperimentError, match="Did you mean 'activation'"):
        load(write(changed)).runs()


def test_quick_seeds_and_engine_replace_the_files(write):
    runs = load(write(GOOD)).runs(quick=True, seeds=range(1), engine="numpy")
    assert len(runs) == 6
    networks = [run for run in runs if run.procedure == "network"]
    assert {run.settings["max_iter"] for run in networks} == {3}
    assert {run.settings["engine"] for run in networks} == {"numpy"}


def test_the_key_depends_on_the_configuration_not_on_its_order(write):
    runs = load(write(GOOD)).runs()
    assert len({run.key for run in runs}) == len(runs)
    swapped = GOOD.replace('solver = "gd"\n', "").replace(
        "max_iter = 30", 'max_iter = 30\nsolver = "gd"'
    )
    assert [r.key for r in load(write(swapped)).runs()] == [r.key for r in runs]
    changed = load(write(GOOD.replace("30", "31"))).runs()
    assert changed[0].key != runs[0].key


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('title = "Mine"', 'titel = "Mine"', "got 'titel'. Did you mean 'title'?"),
        ('title = "Mine"', "", "the key 'title' is missing"),
        ('title = "Mine"', "title = 3", "title must be a text, got 3"),
        ('"runge"', '"rungee"', "Did you mean 'runge'?"),
        ("seeds = [0, 1]", "seeds = [-1]", "seeds must hold integers of at least 0"),
        ("[0.1, 0.2]", "0.1", "axes.learning_rate_init must be a list"),
        ("[0.1, 0.2]", "[{ l1 = 1.0 }, 0.2]", "must hold tables only or no tables"),
        (
            "[0.1, 0.2]",
            "[{ hidden_layer_sizes = [2] }]",
            "axes.hidden_layer_sizes "
            "varies hidden_layer_sizes, which axes.learning_rate_init varies already",
        ),
        ('"baseline"', '"baselines"', "Did you mean 'baseline'?"),
        ('"test_mse"', '"test_msee"', "Did you mean 'test_mse'?"),
        ("[base]", "[base", "is not valid TOML"),
        ("seeds = [0, 1]", "seeds = []", "seeds must hold at least one"),
        ("seeds = [0, 1]", "seeds = [true]", "seeds must hold integers"),
        (
            'solver = "adam"',
            'dataset = { file = "my.csv" }',
            "of extra must be a name, got {'file': 'my.csv'}",
        ),
        ("[0.1, 0.2]", "[{ dataset = 'runga' }]", "Did you mean 'runge'?"),
        ("[axes]", '[axes]\ndataset = ["runge", "digits"]', "got 'digits'"),
        ("[axes]", "[axes]\ndataset = [{ dataset = 3 }]", "of axes must be a name"),
        ("[quick]", "[stand_in]\nmax_iter = 2\n\n[quick]", "stand_in needs a dataset"),
        (
            "[axes]",
            '[stand_in]\ndataset = "runge"\n\n[axes]\ndataset = ["runge"]',
            "leave dataset out of axes",
        ),
    ],
)
def test_a_bad_file_is_refused_with_file_and_key(write, old, new, sentence):
    path = write(GOOD.replace(old, new))
    with pytest.raises(ExperimentError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_extra_runs_are_tables(write):
    text = GOOD.partition("[[extra]]")[0].replace("seeds", "extra = [1]\nseeds")
    with pytest.raises(ExperimentError, match="extra must hold tables, got 1"):
        load(write(text))


def test_a_table_of_ones_own_has_no_stand_in(write, tmp_path):
    (tmp_path / "my.csv").write_text("a,y\n1,2\n3,4\n5,6\n")
    changed = GOOD.replace('"runge"', '{ file = "my.csv", target = "y" }').replace(
        "[axes]", '[stand_in]\ndataset = "runge"\n\n[axes]'
    )
    with pytest.raises(ExperimentError, match="stand_in can only replace"):
        load(write(changed))


def test_what_notes_say_of_the_data_set_is_not_said_of_its_stand_in():
    experiment = builtin("mnist-architectures")
    assert any("1000" in note for note in experiment.notes)
    assert experiment.standing_in().notes == ()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mine (1).toml", "mine-1"),
        ("a'b\"c\\d.toml", "a-b-c-d"),
        ("50% #2.toml", "50-2"),
        ("größe_2-b.toml", "größe_2-b"),
        ("###.toml", "study"),
    ],
)
def test_a_name_is_made_of_what_ids_and_links_can_hold(tmp_path, file, name):
    path = tmp_path / file
    path.write_text(GOOD)
    assert load(path).name == name


def test_a_misspelt_setting_is_refused_with_the_nearest_one(write):
    experiment = load(write(GOOD.replace("learning_rate_init", "learning_rate_int")))
    with pytest.raises(ExperimentError, match="Did you mean 'learning_rate_init'"):
        experiment.runs()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('solver = "gd"', 'solver = "gdd"', "solver must be one of"),
        ('solver = "gd"', "batch_size = -1", "batch_size must be at least 1"),
        ('solver = "gd"', 'loss = "squared"', "loss must be one of"),
        ('solver = "gd"', 'init = "hee"', "init must be one of"),
        ("[[2], [3, 4]]", "[[2], [0]]", "hidden_layer_sizes must be at least 1"),
        ("max_iter = 30", "max_iter = -3", "max_iter must be at least 1"),
        ('"ols"', '"olss"', "model must be one of"),
        ("degree = 2", "degree = 0", "degree must be at least 1"),
        ("degree = 2", "degree = 2\nstrength = 1", "strength must be left out"),
        ('model = "ols"', 'model = "ridge"', "strength must be a number"),
    ],
)
def test_a_refused_value_is_named_when_the_runs_are_planned(write, old, new, sentence):
    experiment = load(write(GOOD.replace(old, new)))
    with pytest.raises(ExperimentError) as caught:
        experiment.runs()
    assert str(caught.value).startswith("The study 'mine' cannot run: ")
    assert sentence in str(caught.value)


def test_an_engine_that_is_missing_is_refused_when_the_runs_are_planned(
    write, monkeypatch
):
    monkeypatch.setattr("perceptrons.engine.missing", lambda: "it was not built")
    with pytest.raises(ExperimentError, match="it was not built"):
        load(write(GOOD)).runs(engine="compiled")


def test_the_key_depends_on_the_code_and_on_the_engine_at_hand(write, monkeypatch):
    def key():
        return load(write(GOOD)).runs()[0].key

    monkeypatch.setattr("perceptrons.provenance.code", lambda: "abc")
    clean = key()
    assert key() == clean
    monkeypatch.setattr("perceptrons.provenance.code", lambda: "abc changed")
    assert key() != clean
    monkeypatch.setattr("perceptrons.provenance.code", lambda: "abc")
    monkeypatch.setattr("perceptrons.study.plan.missing", lambda: "not built")
    without = key()
    monkeypatch.setattr("perceptrons.study.plan.missing", lambda: None)
    assert key() != without


def test_gradients_are_checked_again_once_autograd_is_there(monkeypatch):
    keys = []
    for number in (None, "1.7.0"):
        monkeypatch.setattr(result, "_version", lambda name, number=number: number)
        keys.append({run.key for run in builtin("gradient-check").runs()})
    assert not keys[0] & keys[1]


def test_a_missing_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(ExperimentError, match=r"nothing\.toml cannot be read"):
        load(tmp_path / "nothing.toml")


def test_an_unknown_study_is_refused_with_the_nearest_one():
    with pytest.raises(ExperimentError, match="Did you mean 'optimizers'"):
        builtin("optimisers")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("gradient-descent", 2 + 2),
        ("learning-rates", 2 * 14 + 2),
        ("optimizers", 24 + 2),
        ("gradient-check", 10 * 8 * 4 + 1),
        ("mnist-architectures", 252),
        ("mnist-regularization", 16 + 10 + 1),
        ("mnist-final", 1 + 10),
        ("libraries", 16 + 4 + 1 + 2),
        ("linear-baselines", 14 + 4),
        ("architectures", 147 + 3 + 2),
        ("regularization", 336 + 24 + 3 + 2),
    ],
)
def test_built_in_studies_have_the_reports_number_of_runs(name, count):
    assert name in BUILTIN
    experiment = builtin(name)
    assert experiment.name == name
    assert len(experiment.runs(seeds=[0])) == count


def test_runges_function_has_ten_seeds_and_what_takes_longer_has_three():
    def few(name):
        return name.startswith("mnist") or name == "libraries"

    seeds = {name: builtin(name).seeds for name in BUILTIN}
    # Gradients are compared, not trained: one seed says all.
    assert seeds.pop("gradient-check") == (0,)
    assert seeds == {name: tuple(range(3 if few(name) else 10)) for name in seeds}


def test_built_in_settings_are_the_reports():
    for name in ("gradient-descent", "learning-rates", "optimizers"):
        for run in builtin(name).runs():
            if run.procedure == "network":
                settings = run.settings
                assert settings["loss"] == "mean_squared_error"
                assert settings["activation"] == "logistic"
                assert settings["init"] == "standard_normal"
                assert settings["alpha"] == settings["tol"] == 0
                assert settings["momentum"] == 0
                assert settings["n_iter_no_change"] == math.inf
    epochs = {"gradient-descent": 100_000, "learning-rates": 10_000, "optimizers": 300}
    for name, number in epochs.items():
        assert builtin(name).base["max_iter"] == number


def test_quick_replaces_the_values_of_an_axis_one_by_one(write):
    text = GOOD.replace(
        "[quick]\nmax_iter = 3", "[quick]\nlearning_rate_init = [1.0, 2.0]"
    )
    text += "learning_rate_init = 0.2\n\n[[extra]]\nlearning_rate_init = 0.7\n"
    runs = load(write(text)).runs(quick=True, seeds=[0])
    rates = [r.settings["learning_rate_init"] for r in runs if r.procedure == "network"]
    assert rates == [1.0, 1.0, 2.0, 2.0, 2.0, 0.7]


def test_quick_may_put_one_value_in_the_place_of_an_axis(write):
    text = GOOD.replace("[quick]\nmax_iter = 3", "[quick]\nhidden_layer_sizes = [7, 7]")
    runs = load(write(text)).runs(quick=True, seeds=[0])
    sizes = [r.settings["hidden_layer_sizes"] for r in runs if r.procedure == "network"]
    assert sizes == [[7, 7]] * 3


def test_the_data_set_may_be_an_axis(write):
    text = GOOD.replace("[axes]", '[axes]\ndataset = ["runge-0-1", "runge"]')
    experiment = load(write(text))
    runs = experiment.runs(seeds=[0])
    assert [r.dataset for r in runs] == ["runge-0-1"] * 4 + ["runge"] * 6
    assert not any("dataset" in run.settings for run in runs)
    assert experiment.datasets == ["runge", "runge-0-1"]
    with pytest.raises(ExperimentError, match="Did you mean 'runge-0-1'"):
        load(write(text.replace("runge-0-1", "runge-0-2")))


def test_the_list_of_studies_is_the_files_of_the_package():
    folder = resources.files("perceptrons.study") / "studies"
    names = {path.name.removesuffix(".toml") for path in folder.iterdir()}
    assert names == set(BUILTIN)


def test_published_tables_ship_with_the_package():
    assert published("optimizers_mse").is_file()


def test_runs_that_are_stored_keep_their_keys(monkeypatch):
    # What decides a key, but the code itself: with these a store is found again.
    monkeypatch.setattr("perceptrons.provenance.code", lambda: "one code")
    monkeypatch.setattr("perceptrons.__version__", "1")
    monkeypatch.setattr("perceptrons.study.plan.missing", lambda: None)
    kept = {
        "optimizers": ("3dab578547f406d9", "68471f57995e298f"),
        "regularization": ("2c28e6fc409a45dc", "3a99973355894202"),
        "linear-baselines": ("5557771fcf9852d4", "5694f951d8711bfa"),
        "mnist-final": ("4a6f8c368855f922", "5d25184973606484"),
    }
    for name, keys in kept.items():
        assert {run.key for run in builtin(name).runs(seeds=[0])} >= set(keys)
