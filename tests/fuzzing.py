"""Damaged model files by the thousand: each must be refused by a sentence, or load.

``python tests/fuzzing.py 1000000 7`` tries a million drawn with seed 7.
"""

import copy
import json
import math
import struct
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from perceptrons import MLPClassifier, MLPRegressor, files, losses, presets, schedules
from perceptrons.comparison.splines import SplineRegressor
from perceptrons.state import StateError
from perceptrons.table_model import TableModel
from perceptrons.tables import TableEncoder

ODD = [
    None, True, False, 0, -1, 1, 2, 2**31, 2**63, 2**64, 2**200, 0.5, -0.0, 1e308, "",
    "inf", "F32", "BF16", "os.system", "MLPRegressor", "float64", "\x00", "relu", [],
    {},    [[]], [None], [1e999], {"float": "inf"}, {"float": "nan"}, {"tuple": []},
    {"dict": [[[], 1]]}, {"object": 1}, {"loss": "Huber", "delta": -1},
    {"loss": "Huber"}, {"activation": "LeakyReLU", "alpha": {}}, {"optimizer": "Adam"},
    {"schedule": "WarmUp", "then": {"schedule": "WarmUp"}}, {"arrays": True}, 10**5000,
]  # fmt: skip


def split(content):
    """Return header, document and data of a file."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    document = json.loads(header["__metadata__"]["perceptrons"])
    return header, document, content[8 + length :]


def join(header, document, data):
    """Return the file of a header with this document."""
    header = {**header, "__metadata__": {"perceptrons": dumps(document)}}
    text = dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def dumps(value):
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(value)
    finally:
        sys.set_int_max_str_digits(limit)


def places(value, found=()):
    """Yield the container and key of every value within."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def mutate(content, rng):
    """Return a damaged copy: bytes changed, cut or repeated, or words replaced."""
    kind = rng.integers(6)
    if kind == 0:
        damaged = bytearray(content)
        for _ in range(rng.integers(1, 5)):
            damaged[rng.integers(len(damaged))] = rng.integers(256)
        return bytes(damaged)
    if kind == 1:
        return content[: rng.integers(len(content))]
    if kind == 2:
        start, stop = sorted(rng.integers(len(content), size=2))
        return content[:stop] + content[start:stop] + content[stop:]
    header, document, data = split(content)
    target = {3: header, 4: document, 5: document}[int(kind)]
    if kind == 3:
        del header["__metadata__"]
    for _ in range(rng.integers(1, 3)):
        owner, key = (every := list(places(target)))[rng.integers(len(every))]
        choice = rng.integers(3)
        if choice == 0:
            owner[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])
        elif choice == 1 and isinstance(owner, dict):
            owner[str(ODD[rng.integers(len(ODD) - 1)])] = owner.pop(key)
        elif choice == 1:
            owner.extend(copy.deepcopy(owner))
        else:
            del owner[key]
    return join(header, document, data)


def attempt(content):
    """Load a damaged file and use what comes; tell whether it loaded."""
    try:
        model = files.from_bytes(content)
    except StateError as error:
        text = str(error)
        assert 0 < len(text) < 500, text
        assert "\n" not in text, text
        return False
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # Of features that have names.
        warnings.simplefilter("ignore")
        if isinstance(model, TableModel):
            width = len(model.encoder.get_feature_names_out())
            model.ask("predict", np.zeros((2, width)))
            return True
        model.predict(rows_for(model))
    if isinstance(model, MLPRegressor | MLPClassifier):
        assert math.isfinite(model.n_iter_)
    return True


def rows_for(model):
    """Return two rows of zeros; with the columns of its table, if it reads one."""
    table = getattr(model, "_table", None)
    if table is None:
        return np.zeros((2, model.n_features_in_))
    return pd.DataFrame(0.0, range(2), [c.name for c in table.account_ if c.used])


def main(count, seed, contents):
    """Try so many damaged copies, and return how many loaded all the same."""
    rng = np.random.default_rng(seed)
    return sum(attempt(mutate(contents[i % len(contents)], rng)) for i in range(count))


def samples():
    """Return files of several kinds of models."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    models = [
        MLPRegressor(losses.Pinball((0.1, 0.9)), (4,), "silu").fit(X, y),
        MLPRegressor(
            hidden_layer_sizes=(4, 2), schedule=schedules.WarmUp(2, schedules.Cosine()),
            early_stopping=True, max_iter=3,
        ).fit(pd.DataFrame(X, columns=list("abc")), y),
        MLPClassifier((4,), solver="sgd", class_weight={"n": 1.0, "y": 2.0}).fit(
            X, np.where(y > 0, "y", "n")
        ),
        MLPClassifier((), solver="lbfgs").fit(X, np.digitize(y, [-0.5, 0.5])),
        MLPClassifier((2,)).fit(X, np.column_stack([y > 0, X[:, 0] > 0]).astype(int)),
    ]  # fmt: skip
    return [
        files.to_bytes(model, resume) for model in models for resume in (True, False)
    ]


def table_samples():
    """Return files of models behind the columns of a table: each kind of its parts."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame({
        "size": rng.normal(size=60), "price": [f"${v:,}" for v in range(900, 1500, 10)],
        "kind": rng.choice(["a", "b", None], 60), "new": rng.choice([True, False], 60),
        "day": pd.date_range("2020-01-01", periods=60),
    })  # fmt: skip
    encoder = TableEncoder()
    X, y = encoder.fit_transform(table), table["size"] ** 2
    words = np.digitize(y, [0.2, 1.0]).astype(str)
    models = [
        presets.tabular_regressor(effort="small", n_jobs=1, random_state=0).fit(X, y),
        SplineRegressor(n_pairs=1).fit(X, y),
        HistGradientBoostingClassifier(max_iter=2).fit(X, words),
    ]
    return [files.to_bytes(TableModel(encoder, m, "y", {"a": "b"})) for m in models]


def preset_samples():
    """Return files of presets alone: of numbers, and of a table with words."""
    rng = np.random.default_rng(3)
    size, kind = rng.normal(size=60), rng.choice(["a", "b", None], 60)
    table, y = pd.DataFrame({"size": size, "kind": kind}), size**2
    settings = {"effort": "small", "n_jobs": 1, "random_state": 0}
    models = [
        presets.tabular_regressor(**settings).fit(size[:, None], y),
        presets.tabular_classifier(**settings).fit(table, np.where(y > 1, "y", "n")),
    ]
    return [files.to_bytes(model) for model in models]


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contents = samples() + table_samples() + preset_samples()
        count, seed = int(sys.argv[1]), int(sys.argv[2])
        loaded = main(count, seed, contents)
    sys.stdout.write(f"{count} damaged: {loaded} loaded, the others were refused.\n")
