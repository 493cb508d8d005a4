"""Many threads predict at once, and each gets the answer to its own rows."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from perceptrons import MLPClassifier, MLPRegressor, engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def restless():
    """Let Python change threads every 10 us, where trouble shows itself sooner."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


ENGINES = ["numpy"] if engine.missing() is not None else ["numpy", "compiled"]
N_THREADS = 8


def in_threads(work):
    """Call work(i) in eight threads that begin together; raise the first error."""
    begin = threading.Barrier(N_THREADS)

    def run(i):
        begin.wait()
        work(i)

    with ThreadPoolExecutor(N_THREADS) as pool:
        for done in [pool.submit(run, i) for i in range(N_THREADS)]:
            done.result()


def fitted(name="auto", hidden=(8,), n_features=4, estimator=MLPRegressor):
    """Return a network, and a piece of rows with its predictions for each thread."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, n_features)).astype("float32")
    y = X[:, 0] ** 2
    if estimator is MLPClassifier:
        y = np.digitize(y, [0.3, 1.0])
    net = estimator(hidden_layer_sizes=hidden, max_iter=2, random_state=0, engine=name)
    return net.fit(X, y), rng


def ask_again_and_again(predict, pieces, expected, calls):
    """Ask in each thread for its own rows; every answer must be its own."""

    def work(i):
        mine = pieces[i % len(pieces)], expected[i % len(pieces)]
        for _ in range(calls):
            answer = predict(mine[0])
            if not np.array_equal(answer, mine[1]):
                raise AssertionError((i, answer, mine[1]))

    in_threads(work)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize("name", ENGINES)
def test_threads_that_share_a_predictor_get_their_own_answers(name, estimator):
    net, rng = fitted(name, estimator=estimator)
    pieces = [rng.normal(size=(1, 4)).astype("float32") for _ in range(N_THREADS)]
    predict = net.predictor()
    expected = [predict(piece) for piece in pieces]
    ask_again_and_again(predict, pieces, expected, 2_000)


@pytest.mark.slow
def test_a_million_shared_predictions_are_right():
    net, rng = fitted()
    pieces = [rng.normal(size=(1, 4)).astype("float32") for _ in range(N_THREADS)]
    predict = net.predictor()
    expected = [net.predict(piece) for piece in pieces]
    ask_again_and_again(predict, pieces, expected, 125_000)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_predictions_that_leave_pythons_lock_share_no_buffer(activation):
    # 60,000 parameters: 17 rows and more are worked on while other threads run.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 40)).astype("float32")
    net = MLPRegressor(
        hidden_layer_sizes=(200, 256),
        activation=activation,
        max_iter=1,
        random_state=0,
    ).fit(X, X[:, :2])
    predict = net.predictor()
    for n_rows in (1, 70):
        pieces = np.split(X[: N_THREADS * n_rows], N_THREADS)
        expected = [net.predict(piece) for piece in pieces]
        ask_again_and_again(predict, pieces, expected, 20)
    # Rows that are mostly zero take another way to the same answer.
    pieces[::2] = [piece * (rng.random(piece.shape) < 0.1) for piece in pieces[::2]]
    expected = [net.predict(piece) for piece in pieces]
    ask_again_and_again(predict, pieces, expected, 20)
    ask_again_and_again(net.predict, pieces, expected, 20)
    sparse = [csr_array(piece) for piece in pieces]
    ask_again_and_again(net.predict, sparse, expected, 5)


@pytest.mark.parametrize("name", ENGINES)
def test_predictions_are_of_the_old_or_of_the_new_weights(name):
    net, rng = fitted(name, hidden=(40, 40))
    X = rng.normal(size=(9, 4)).astype("float32")
    weights = [[W * factor for W in net.coefs_] for factor in (1, 2, -1)]
    expected = []
    for coefs in weights:
        net.coefs_ = coefs
        expected.append(net.predict(X).tobytes())

    def work(i):
        for turn in range(300):
            if i == 0:
                net.coefs_ = weights[turn % len(weights)]
            else:
                assert net.predict(X).tobytes() in expected
                assert net.predictor()(X).tobytes() in expected

    in_threads(work)


@pytest.mark.parametrize("name", ENGINES)
def test_an_answer_stays_the_callers_own(name):
    net, rng = fitted(name)
    X = rng.normal(size=(2, 4)).astype("float32")
    predict = net.predictor()
    first = predict(X[:1])
    kept = first.copy()
    second = predict(X[1:])
    assert_array_equal(first, kept)
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("name", ENGINES)
def test_a_predictor_keeps_its_weights(name):
    net, rng = fitted(name)
    X = rng.normal(size=(3, 4)).astype("float32")
    predict = net.predictor()
    before = predict(X)
    net.coefs_[0][...] = 0
    assert_array_equal(predict(X), before)
    assert (net.predictor()(X) != before).any()


@pytest.mark.parametrize(
    ("rows", "error", "came"),
    [
        (np.zeros((2, 3), "float32"), ValueError, r"float32 of shape \(2, 3\)"),
        (np.zeros(4, "float32"), ValueError, r"float32 of shape \(4,\)"),
        (np.zeros((1, 1, 4), "float32"), ValueError, r"float32 of shape \(1, 1, 4\)"),
        (np.zeros((), "float32"), ValueError, r"float32 of shape \(\)"),
        (np.full((1, 4), "a"), ValueError, "<U1 of shape"),
        (np.full((1, 4), object()), ValueError, "object of shape"),
        ([[0.0] * 4], TypeError, "list"),
        (csr_array(np.ones((1, 4))), TypeError, "csr_array"),
        (None, TypeError, "NoneType"),
    ],
)
@pytest.mark.parametrize("name", ENGINES)
def test_wrong_rows_of_a_predictor_are_told_in_a_sentence(name, rows, error, came):
    predict = fitted(name)[0].predictor()
    sentence = (
        rf"X must be a NumPy array of float32 and of shape \(n, 4\), got .*{came}"
    )
    with pytest.raises(error, match=sentence):
        predict(rows)


@pytest.mark.parametrize("name", ENGINES)
def test_a_predictor_reads_any_array_of_numbers(name):
    net, rng = fitted(name)
    predict = net.predictor()
    X = np.round(rng.normal(size=(5, 4)) * 8)
    expected = predict(X.astype("float32"))
    wide = np.zeros((10, 12))
    wide[::2, ::3] = X
    for rows in (X, np.asfortranarray(X), wide[::2, ::3], X.astype(int)):
        assert_array_equal(predict(rows), expected)
    assert predict(np.zeros((0, 4), "float32")).shape == (0,)
