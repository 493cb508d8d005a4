"""Looking inside: summaries, drawings, every step of backpropagation, its check."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

import perceptrons
from perceptrons import MLPClassifier, MLPRegressor, activations, check_gradient, losses
from perceptrons.engine.reference import NumPyObjective
from perceptrons.history import History, Outcome
from perceptrons.losses import HalfSquaredError
from perceptrons.penalties import Penalty

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(12)
X = RNG.normal(size=(20, 3))
SIGNAL = X @ RNG.normal(size=(3, 2))
LABELS = np.array(["a", "b", "c"])[np.digitize(SIGNAL[:, 0], [-0.5, 0.5])]


def net(estimator=MLPRegressor, **given):
    plain = {"hidden_layer_sizes": (5, 4), "max_iter": 5, "random_state": 0}
    plain |= {"activation": "tanh", "dtype": "float64"}
    return estimator(**{**plain, **given})


def fitted(**given):
    return net(**given).fit(X, SIGNAL)


# --------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_gradients_are_those_of_the_objective(activation):
    model = fitted(activation=activation, alpha=0.0)
    found = model.gradients(X, SIGNAL)
    problem, theta = model._problem, model._theta(np.float64)
    grad = np.empty_like(theta)
    value = NumPyObjective(problem, 20).value_and_grad(
        theta, X, SIGNAL, None, None, grad
    )
    coefs, intercepts = problem.architecture.views(grad)
    assert found.loss == pytest.approx(value, rel=1e-13)
    for mine, other in zip(
        [*found.coefs, *found.intercepts], [*coefs, *intercepts], strict=True
    ):
        # Sums of twenty products in another order.
        assert_allclose(mine, other, rtol=1e-10, atol=1e-14)


def test_every_quantity_is_what_the_equations_say():
    model = fitted(loss="mean_squared_error")
    g = model.gradients(X, SIGNAL)
    assert [len(part) for part in (g.z, g.a, g.delta, g.coefs)] == [3, 4, 3, 3]
    for layer in range(3):
        W, b = model.coefs_[layer], model.intercepts_[layer]
        assert_allclose(g.z[layer], g.a[layer] @ W + b, rtol=1e-12, atol=1e-14)
        assert_allclose(g.coefs[layer], g.a[layer].T @ g.delta[layer], rtol=1e-12)
        assert_allclose(g.intercepts[layer], g.delta[layer].sum(axis=0), rtol=1e-12)
    assert_allclose(g.a[1], np.tanh(g.z[0]), rtol=1e-12)
    assert_allclose(g.a[-1], model.predict(X), rtol=1e-10)
    # Equation (7), its mean over the rows.
    assert_allclose(g.delta[-1], (g.a[-1] - SIGNAL) * 2 / 2 / 20, rtol=1e-12)
    hand = (g.delta[-1] @ model.coefs_[2].T) * (1 - g.a[2] ** 2)
    assert_allclose(g.delta[1], hand, rtol=1e-10)
    assert "3 layers: (3, 5), (5, 4), (4, 2)" in repr(g)


def test_gradients_of_a_classifier_take_labels():
    g = net(MLPClassifier).fit(X, LABELS).gradients(X, LABELS)
    residual = g.a[-1] - (LABELS[:, None] == np.array(["a", "b", "c"]))
    # Equation (18).
    assert_allclose(g.delta[-1], residual / 20, rtol=1e-10, atol=1e-16)


# ------------------------------------------------------------------------------- check


def sine_loss(scale):
    class Mine(HalfSquaredError):  # noqa: N818
        def slope(self, raw, Y, out):
            np.subtract(raw, Y, out=out)
            out *= scale
            return out

    return Mine()


@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
@pytest.mark.parametrize("loss", losses.LOSSES)
def test_our_own_derivatives_agree(activation, loss):
    Y = np.abs(SIGNAL) / np.abs(SIGNAL).sum(axis=1, keepdims=True)
    found = check_gradient(net(activation=activation, loss=loss), X, Y)
    assert found.agrees, str(found)
    assert found.checked + found.kinks == net_size()


def net_size():
    return 3 * 5 + 5 * 4 + 4 * 2 + 5 + 4 + 2


def test_a_wrong_activation_is_named():
    pair = (np.tanh, lambda z: 1.01 - np.tanh(z) ** 2)
    found = check_gradient(net(activation=["tanh", pair]), X, SIGNAL)
    assert not found.agrees
    assert "Look at activation 2 (Custom)." in str(found)
    right = check_gradient(net(activation=(np.sin, np.cos)), X, SIGNAL)
    assert right.agrees
    assert "agrees with" in str(right)


def test_a_wrong_loss_is_named():
    found = check_gradient(net(loss=sine_loss(1.001)), X, SIGNAL)
    assert not found.agrees
    assert "Look at loss (Mine)." in str(found)
    assert check_gradient(net(loss=sine_loss(1.0)), X, SIGNAL).agrees


def test_the_check_leaves_the_estimator_as_it_is():
    new = net(MLPClassifier, early_stopping=True, dropout=0.5)
    assert check_gradient(new, X, LABELS).agrees
    assert not hasattr(new, "coefs_")
    old = fitted()
    before = [W.copy() for W in old.coefs_]
    assert check_gradient(old, X, SIGNAL, most=7).checked == 7
    for W, kept in zip(old.coefs_, before, strict=True):
        assert_array_equal(W, kept)


def test_penalties_are_part_of_the_gradient():
    model = fitted(l2=0.5, l1=0.1)
    assert model._problem.penalty != Penalty()
    assert check_gradient(model, X, SIGNAL).agrees


# ----------------------------------------------------------------------------- summary


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.text += data


def text_of(html):
    parser = Balanced()
    parser.feed(html)
    assert parser.stack == []
    return parser.text


def test_summary_counts_parameters_layer_by_layer():
    model = fitted()
    text = str(model.summary())
    assert re.search(r"hidden 1 +5 +Tanh +20\n", text)
    assert re.search(r"hidden 2 +4 +Tanh +24\n", text)
    assert re.search(r"output +2 +identity \(link\) +10\n", text)
    assert "54 parameters in float64" in text
    assert "54 parameters" in text_of(model.summary()._repr_html_())
    assert max(map(len, text.splitlines())) <= 88
    with pytest.raises(NotFittedError):
        net().summary()


def test_summary_counts_dead_and_saturated_units():
    model = fitted(activation=["relu", "tanh"])
    model.intercepts_[0][:2] = -1e3  # never active
    model.coefs_[1][:] = 0.0
    model.intercepts_[1][:] = [0.0, 0.0, 9.0, -9.0]  # two units at the ends of tanh
    text = str(model.summary(X))
    first = re.search(r"hidden 1 .* (\d+) +(\d+)\n", text)
    second = re.search(r"hidden 2 .* (\d+) +(\d+)\n", text)
    assert int(first[1]) >= 2
    assert (int(second[1]), int(second[2])) == (0, 2)


# ------------------------------------------------------------------- drawings and reprs


def test_a_drawing_has_a_line_per_weight_and_counts_what_is_left_out():
    ax = fitted().draw()
    assert len(ax.lines) == 3 * 5 + 5 * 4 + 4 * 2
    large = fitted(hidden_layer_sizes=(40,)).draw()
    assert len(large.lines) == 12 * 3 + 12 * 2
    assert [text.get_text() for text in large.texts] == ["3", "40\n12 drawn", "2"]
    # One line of counts, below everything.
    assert len({text.xy[1] for text in large.texts}) == 1
    assert "<svg" in large._repr_svg_()


def test_histories_and_outcomes_are_short_and_show_in_a_notebook():
    model = fitted()
    text = repr(model.history_)
    assert re.fullmatch(r"History\(5 epochs, last loss [\d.e-]+\)", text)
    assert "<svg" in model.history_._repr_html_()
    assert "<svg" in model.history_.plot()._repr_svg_()
    assert repr(History()) == "History(no epochs)" == History()._repr_html_()
    assert len(repr(model.outcome_)) < 100
    assert "limit reached" in repr(model.outcome_)
    assert "max_iter" in text_of(model.outcome_._repr_html_())
    odd = Outcome("converged", "<b>", 1, 1, 0.0)
    assert "<b>" in text_of(odd._repr_html_())
    slow = Outcome("converged", "", 1, 1, 0.00047474499842792284)
    assert "<td>0.000475</td>" in slow._repr_html_()


@pytest.mark.parametrize(("last", "scale"), [(0.5, "linear"), (0.01, "log")])
def test_the_axis_of_a_history_is_logarithmic_where_losses_span_a_decade(last, scale):
    history = History()
    nothing = [np.nan] * 2
    history.extend(
        epoch=[1, 2], loss=[1.0, last], validation_loss=nothing,
        validation_score=nothing, learning_rate=[1, 1], seconds=[1, 1],
    )  # fmt: skip
    assert history.plot().get_yscale() == scale


def test_check_gradient_is_public():
    assert perceptrons.check_gradient is check_gradient
