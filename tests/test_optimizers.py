"""Optimizers, schedules and clipping against closed forms and PyTorch."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from perceptrons.clipping import NormClipping
from perceptrons.network import Architecture
from perceptrons.optimizers import (
    OPTIMIZERS,
    AdaGrad,
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    RMSProp,
)
from perceptrons.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    Progress,
    Step,
    WarmUp,
)
from perceptrons.settings import clipping

# A quadratic bowl with curvatures from 0.1 to 10, and a force that changes at every
# step, so that no moment settles.
START = np.array([1.5, -0.7, 0.3, 2.0])
CURVATURE = np.array([1.0, 10.0, 0.1, 3.0])
FREQUENCY = np.array([0.3, 0.7, 1.1, 1.9])
RATE = 0.02


def gradient(theta, t):
    return CURVATURE * theta + 0.5 * np.cos(FREQUENCY * t)


RULES = OPTIMIZERS | {"momentum": Momentum(0.9, nesterov=False)}


def torch_optimizers():
    """Return PyTorch's optimizer for each of ours, with our default settings."""
    optim = pytest.importorskip("torch").optim
    return {
        "gd": lambda p: optim.SGD(p, lr=RATE),
        "momentum": lambda p: optim.SGD(p, lr=RATE, momentum=0.9),
        "sgd": lambda p: optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True),
        "adagrad": lambda p: optim.Adagrad(p, lr=RATE, eps=1e-10),
        "rmsprop": lambda p: optim.RMSprop(p, lr=RATE, alpha=0.9, eps=1e-8),
        "adam": lambda p: optim.Adam(p, lr=RATE, eps=1e-8),
        "adamw": lambda p: optim.AdamW(p, lr=RATE, eps=1e-8, weight_decay=0.01),
    }


# theta after 1, 10 and 100 steps by PyTorch 2.13.0 in float64: the optimizers above,
# their .grad set to gradient(theta, t) for t = 1, 2, ..., 100.
RECORDED = {
    "gd": {
        1: [1.460446635108744, -0.5676484218728448, 0.29486403878574424, 1.883232895668635],  # noqa: E501
        10: [1.2340657539512958, -0.08932468767410005, 0.30710545263264427, 1.074339516976186],  # noqa: E501
        100: [0.23131080005711532, -0.015487019653139514, 0.2550520841301799, 0.00021094469360565955],  # noqa: E501
    },
    "momentum": {
        1: [1.460446635108744, -0.5676484218728448, 0.29486403878574424, 1.883232895668635],  # noqa: E501
        10: [0.4043807089718654, -0.026326754702341845, 0.31501879401985444, -0.8518820296226961],  # noqa: E501
        100: [0.114933149387177, -0.008226992469853447, 0.03450973971087344, 0.004800048703237961],  # noqa: E501
    },
    "sgd": {
        1: [1.4248486067066135, -0.4485320015584052, 0.29024167369291404, 1.7781425017704064],  # noqa: E501
        10: [0.36867821533317124, -0.08619058493022332, 0.320457635005863, -0.6723731032297746],  # noqa: E501
        100: [0.14015377757278602, -0.045611493914661634, 0.04135799350735474, -0.007280930908934027],  # noqa: E501
    },
    "adagrad": {
        1: [1.4800000000010114, -0.6800000000003021, 0.2800000000077882, 1.9800000000003426],  # noqa: E501
        10: [1.4139675268332683, -0.6021191276789741, 0.30457726481495623, 1.8996247828464794],  # noqa: E501
        100: [1.1669960139751698, -0.3707582568456448, 0.276998338926252, 1.6410995227283405],  # noqa: E501
    },
    "rmsprop": {
        1: [1.4367544478079244, -0.6367544470988576, 0.23675445458485223, 1.9367544471391946],  # noqa: E501
        10: [1.2135387255548693, -0.38853078483921666, 0.3187456819410486, 1.6611429286452724],  # noqa: E501
        100: [0.15050126582915144, -0.03433824066723845, 0.19327133865975496, 0.1821312018406528],  # noqa: E501
    },
    "adam": {
        1: [1.480000000101129, -0.6800000000302225, 0.28000000077882203, 1.9800000000342561],  # noqa: E501
        10: [1.3084434676503545, -0.502226267918106, 0.30131146545178505, 1.8006079359956884],  # noqa: E501
        100: [0.18116301066010157, -0.0019924996300377034, 0.17739593097156878, 0.45025235449213885],  # noqa: E501
    },
    "adamw": {
        1: [1.4797000001011291, -0.6798600000302225, 0.27994000077882203, 1.9796000000342562],  # noqa: E501
        10: [1.3056518808344124, -0.5010251823338191, 0.3007300360904289, 1.7968053826269148],  # noqa: E501
        100: [0.17496359777533754, -0.002089175912494996, 0.17369642534271995, 0.43613599124763686],  # noqa: E501
    },
}  # fmt: skip

# 100 steps of a stable recurrence, each within a few roundings of numbers near 1.
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def trajectory(rule, gradient=gradient, n_steps=100, start=START, rate=RATE):
    """Return theta before the first and after every step."""
    theta = start.copy()
    state, path = rule.init(theta), [start.copy()]
    for t in range(1, n_steps + 1):
        rule.step(theta, gradient(theta, t), state, rate)
        path.append(theta.copy())
    return np.array(path)


def test_every_rule_has_a_recorded_trajectory():
    assert set(RECORDED) == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_rule_follows_the_trajectory_recorded_from_pytorch(name):
    path = trajectory(RULES[name])
    for step, theta in RECORDED[name].items():
        assert_allclose(path[step], theta, **CLOSE, err_msg=f"step {step}")


@pytest.mark.parametrize("name", RULES)
def test_rule_equals_pytorch_over_100_steps(name):
    make = torch_optimizers()[name]
    torch = pytest.importorskip("torch")
    theta = torch.tensor(START, requires_grad=True)
    optimizer = make([theta])
    path = [START]
    for t in range(1, 101):
        theta.grad = torch.from_numpy(gradient(theta.detach().numpy(), t))
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    assert_allclose(trajectory(RULES[name]), path, **CLOSE)


@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (Momentum(0.5), "SGD", {"momentum": 0.5, "nesterov": True}),
        (Momentum(0.99, nesterov=False), "SGD", {"momentum": 0.99}),
        (AdaGrad(epsilon=0.1), "Adagrad", {"eps": 0.1}),
        (RMSProp(decay=0.99, epsilon=0.1), "RMSprop", {"alpha": 0.99, "eps": 0.1}),
        (Adam(0.8, 0.95, 0.1), "Adam", {"betas": (0.8, 0.95), "eps": 0.1}),
        (
            AdamW(0.3, 0.8, 0.95, 0.1),
            "AdamW",
            {"weight_decay": 0.3, "betas": (0.8, 0.95), "eps": 0.1},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_mean_what_they_mean_in_pytorch(ours, theirs, settings):
    torch = pytest.importorskip("torch")
    theta = torch.tensor(START, requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([theta], lr=RATE, **settings)
    for t in range(1, 31):
        theta.grad = torch.from_numpy(gradient(theta.detach().numpy(), t))
        optimizer.step()
    found = trajectory(ours, n_steps=30)[-1]
    assert_allclose(found, theta.detach().numpy(), **CLOSE)


def bowl(theta, t):
    return CURVATURE * theta


def test_gradient_descent_on_a_bowl_is_a_geometric_sequence():
    found = trajectory(GradientDescent(), bowl)
    steps = np.arange(101)[:, None]
    assert_allclose(found, (1.0 - RATE * CURVATURE) ** steps * START, **CLOSE)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_on_a_bowl_is_a_matrix_power(nesterov):
    mu = 0.8
    found = trajectory(Momentum(mu, nesterov), bowl)
    for i, a in enumerate(CURVATURE):
        # (theta, v) after a step: v' = mu v - eta a theta, and theta' = theta + v', or
        # theta' = theta + mu v' - eta a theta with Nesterov's correction.
        force = -RATE * a
        plain = np.array([[1.0 + force, mu], [force, mu]])
        corrected = np.array([[1.0 + force + mu * force, mu * mu], [force, mu]])
        step = corrected if nesterov else plain
        for t in (1, 2, 10, 100):
            expected = (np.linalg.matrix_power(step, t) @ [START[i], 0.0])[0]
            assert_allclose(found[t, i], expected, **CLOSE)


def test_momentum_of_zero_is_gradient_descent():
    found = trajectory(Momentum(0.0, nesterov=False))
    assert_array_equal(found, trajectory(GradientDescent()))


@pytest.mark.parametrize("name", ["adam", "adagrad"])
def test_the_first_step_has_the_length_of_the_learning_rate(name):
    # g / sqrt(g^2) = sign(g), but for epsilon = 1e-8 over gradients above 0.1.
    moved = trajectory(RULES[name], bowl, n_steps=1)[1] - START
    assert_allclose(moved, -RATE * np.sign(CURVATURE * START), rtol=1e-6)


def test_the_first_step_of_rmsprop_is_longer_by_the_root_of_its_decay():
    # G = (1 - decay) g^2 after one step.
    moved = trajectory(RMSProp(decay=0.75), bowl, n_steps=1)[1] - START
    expected = -RATE / 0.5 * np.sign(CURVATURE * START)
    # epsilon = 1e-8 over gradients above 0.01.
    assert_allclose(moved, expected, rtol=1e-5)


def test_adagrad_under_a_constant_gradient_slows_with_the_root_of_time():
    found = trajectory(AdaGrad(), lambda theta, t: np.full(4, 3.0), n_steps=50)
    steps = np.cumsum(1.0 / np.sqrt(np.arange(1, 51)))
    # epsilon = 1e-10 over a gradient of 3.
    assert_allclose(START - found[1:], RATE * steps[:, None] * np.ones(4), rtol=1e-9)


def test_adam_under_a_constant_gradient_keeps_its_pace():
    found = trajectory(Adam(), lambda theta, t: np.full(4, 3.0), n_steps=50)
    # The corrections undo the start at zero exactly: eta per step, to epsilon.
    steps = RATE * np.arange(51)[:, None] * np.ones(4)
    assert_allclose(START - found, steps, rtol=1e-7, atol=1e-12)


def test_adamw_without_gradient_decays_geometrically():
    found = trajectory(AdamW(weight_decay=0.5), lambda theta, t: np.zeros(4))
    steps = np.arange(101)[:, None]
    assert_allclose(found, (1.0 - 0.5 * RATE) ** steps * START, **CLOSE)


def test_adamw_without_decay_is_adam():
    found = trajectory(AdamW(weight_decay=0.0))
    assert_array_equal(found, trajectory(Adam()))


@pytest.mark.parametrize("name", RULES)
def test_rule_works_in_place_and_leaves_the_gradient_alone(name):
    rule = RULES[name]
    theta, grad = START.copy(), gradient(START, 1)
    state = rule.init(theta)
    arrays = {key: value for key, value in state.items() if hasattr(value, "shape")}
    kept = grad.copy()
    rule.step(theta, grad, state, RATE)
    assert_array_equal(grad, kept)
    assert np.all(theta != START)
    for key, array in arrays.items():
        assert state[key] is array


@pytest.mark.parametrize("name", RULES)
def test_rule_stays_in_float32(name):
    theta = START.astype(np.float32)
    state = RULES[name].init(theta)
    RULES[name].step(theta, gradient(START, 1).astype(np.float32), state, RATE)
    assert theta.dtype == np.float32
    arrays = [value for value in state.values() if hasattr(value, "dtype")]
    assert all(array.dtype == np.float32 for array in arrays)
    # One step of numbers near 1: a few roundings.
    expected = trajectory(RULES[name], n_steps=1)[1]
    assert_allclose(theta, expected, rtol=8 * np.finfo(np.float32).eps)


def test_codes_are_unique():
    codes = [rule.code for rule in OPTIMIZERS.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: GradientDescent(learning_rate=0.0), "learning_rate"),
        (lambda: Momentum(1.1), "momentum"),
        (lambda: Momentum(-0.1), "momentum"),
        (lambda: AdaGrad(epsilon=0.0), "epsilon"),
        (lambda: RMSProp(decay=1.0), "decay"),
        (lambda: Adam(beta_1=1.0), "beta_1"),
        (lambda: Adam(beta_2=-0.1), "beta_2"),
        (lambda: AdamW(weight_decay=-1.0), "weight_decay"),
        (lambda: InverseScaling(-1.0), "power"),
        (lambda: Adaptive(divisor=1.0), "divisor"),
        (lambda: Adaptive(smallest=0.0), "smallest"),
        (lambda: Step(every=0), "every"),
        (lambda: Step(factor=1.5), "factor"),
        (lambda: Cosine(final=-0.1), "final"),
        (lambda: OneCycle(warmup=1.0), "warmup"),
        (lambda: OneCycle(start=0.0), "start"),
        (lambda: WarmUp(0), "epochs"),
        (lambda: WarmUp(3, Adaptive()), "then"),
    ],
)
def test_records_refuse_settings_outside_their_range(build, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must .*;"):
        build()


# ------------------------------------------------------------------------- schedules

EPOCHS, STEPS = 10, 4
N_ROWS = 35


def factors(schedule, epochs=EPOCHS, steps=STEPS):
    """Return the factors of all steps of a training, epoch by epoch."""
    return np.concatenate(
        [
            schedule.factors(
                Progress(
                    steps=epoch * steps + np.arange(steps),
                    steps_per_epoch=steps,
                    total_steps=epochs * steps,
                    samples_seen=epoch * N_ROWS,
                )
            )
            for epoch in range(epochs)
        ]
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_gives_a_factor_in_0_to_1_for_every_step(name):
    found = factors(SCHEDULES[name])
    assert found.shape == (EPOCHS * STEPS,)
    assert np.all((found >= 0.0) & (found <= 1.0))


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (2, 1), (3, 1)])
def test_schedule_bears_the_shortest_trainings(name, epochs, steps):
    found = factors(SCHEDULES[name], epochs, steps)
    assert found.shape == (epochs * steps,)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("schedule", [Constant(), Adaptive()])
def test_schedule_leaves_the_rate_alone(schedule):
    assert_array_equal(factors(schedule), np.ones(40))


def test_inverse_scaling_counts_the_rows_of_finished_epochs():
    found = factors(InverseScaling(0.5)).reshape(EPOCHS, STEPS)
    assert_array_equal(found[0], np.ones(STEPS))
    # A root, computed otherwise: one rounding.
    assert_allclose(found[4], 1.0 / math.sqrt(141.0), rtol=4e-16)
    assert_allclose(found[9], 1.0 / math.sqrt(316.0), rtol=4e-16)


def test_step_drops_at_the_start_of_every_period():
    found = factors(Step(every=4, factor=0.1)).reshape(EPOCHS, STEPS)
    expected = [1.0] * 4 + [0.1] * 4 + [0.01] * 2
    assert_allclose(
        found, np.repeat(expected, STEPS).reshape(EPOCHS, STEPS), rtol=1e-15
    )


def test_cosine_goes_from_one_to_its_final_value():
    found = factors(Cosine(final=0.2), epochs=3, steps=3)
    # Nine steps: the fifth is the middle.
    assert_allclose(found[[0, 4, 8]], [1.0, 0.6, 0.2], rtol=1e-15)
    # cos(pi / 4) = sqrt(1 / 2) at a quarter.
    quarter = 0.2 + 0.8 * (1.0 + math.sqrt(0.5)) / 2.0
    assert_allclose(found[2], quarter, rtol=1e-15)


def test_one_cycle_starts_low_peaks_and_ends_lowest():
    found = factors(OneCycle(warmup=0.3, start=0.04, final=4e-6))
    # The peak is at step 0.3 * 40 - 1 = 11.
    assert_allclose(found[[0, 11, 39]], [0.04, 1.0, 4e-6], rtol=1e-9)
    assert np.all(np.diff(found[:12]) > 0.0)
    assert np.all(np.diff(found[11:]) < 0.0)


def test_warm_up_is_a_straight_line_that_multiplies_another_schedule():
    line = np.minimum(np.arange(1, 41) / 20.0, 1.0)
    assert_allclose(factors(WarmUp(5)), line, rtol=1e-15)
    cosine = Cosine(0.1)
    # Products of two factors: one rounding.
    expected = line * factors(cosine)
    assert_allclose(factors(WarmUp(5, cosine)), expected, rtol=1e-15)


# Rates of 40 steps (steps 0, 5, 11, 12, 20, 39) recorded from PyTorch 2.13.0:
# CosineAnnealingLR(T_max=39), and OneCycleLR(max_lr=1, total_steps=40,
# cycle_momentum=False, div_factor=25, final_div_factor=1e4), lr = 1.
RECORDED_STEPS = [0, 5, 11, 12, 20, 39]
RECORDED_RATES = {
    "cosine": [
        1.0,
        0.9599897218294121,
        0.8162226877976887,
        0.784032373365578,
        0.47986702994529246,
        0.0,
    ],
    "one_cycle": [
        0.040000000000000036,
        0.45168887762882304,
        1.0,
        0.9968561175222016,
        0.7660169741935152,
        4e-06,
    ],
}


@pytest.mark.parametrize("name", RECORDED_RATES)
def test_schedule_follows_the_rates_recorded_from_pytorch(name):
    found = factors(SCHEDULES[name])[RECORDED_STEPS]
    # PyTorch's cosine is a recurrence over 40 steps: roundings of numbers below 1.
    assert_allclose(found, RECORDED_RATES[name], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", RECORDED_RATES)
def test_schedule_equals_pytorch(name):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedulers = torch.optim.lr_scheduler
    if name == "cosine":
        scheduler = schedulers.CosineAnnealingLR(optimizer, T_max=39)
    else:
        scheduler = schedulers.OneCycleLR(
            optimizer,
            max_lr=1.0,
            total_steps=40,
            cycle_momentum=False,
            div_factor=25.0,
            final_div_factor=1e4,
        )
    rates = []
    for step in range(40):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 39:
            scheduler.step()
    # As above.
    assert_allclose(factors(SCHEDULES[name]), rates, rtol=0, atol=1e-14)


# -------------------------------------------------------------------------- clipping


def test_a_short_gradient_is_left_alone(rng):
    grad = rng.normal(size=10)
    kept = grad.copy()
    NormClipping(np.linalg.norm(grad) * 1.01, [[slice(None)]]).apply(grad)
    assert_array_equal(grad, kept)


def test_a_long_gradient_keeps_its_direction(rng):
    grad = rng.normal(size=10)
    direction = grad / np.linalg.norm(grad)
    NormClipping(0.5, [[slice(None)]]).apply(grad)
    # A norm of ten numbers and a product: a few roundings.
    assert_allclose(grad, 0.5 * direction, rtol=1e-14)


@pytest.mark.parametrize(
    ("dtype", "size", "limit"),
    [
        ("float32", 1e30, 0.5),
        ("float64", 1e200, 0.5),
        ("float64", 1e300, 0.5),
        # Limit by norm is subnormal, or 0.
        ("float32", 1e38, 0.01),
        ("float32", 1e38, 1e-10),
        ("float64", 1e150, 1e-160),
        ("float64", 1e300, 1e-20),
    ],
)
def test_a_gradient_of_any_length_keeps_its_direction(dtype, size, limit, rng):
    grad = rng.uniform(-1, 1, size=10)
    direction = grad / np.linalg.norm(grad)
    grad = (grad * size).astype(dtype)
    clipping(limit, Architecture((9, 1))).apply(grad)
    # Ten roundings of the dtype.
    assert_allclose(grad, limit * direction, rtol=10 * np.finfo(dtype).eps)


def test_clipping_by_layer_takes_weights_and_biases_together(rng):
    architecture = Architecture((3, 4, 2))
    grad = rng.normal(size=architecture.n_parameters)
    weights, biases = architecture.views(grad.copy())
    # The second layer's gradient becomes short, the first's stays long.
    for groups in architecture.slices:
        grad[groups[1]] *= 1e-3
    clipping(("layer", 0.7), architecture).apply(grad)
    found_weights, found_biases = architecture.views(grad)
    norm = math.sqrt(np.sum(weights[0] ** 2) + np.sum(biases[0] ** 2))
    # As above.
    assert_allclose(found_weights[0], 0.7 / norm * weights[0], rtol=1e-14)
    assert_allclose(found_biases[0], 0.7 / norm * biases[0], rtol=1e-14)
    assert_array_equal(found_weights[1], 1e-3 * weights[1])
    assert_array_equal(found_biases[1], 1e-3 * biases[1])


@pytest.mark.parametrize("by_layer", [False, True])
def test_clipping_equals_pytorch(by_layer, rng):
    torch = pytest.importorskip("torch")
    architecture, limit = Architecture((3, 4, 2)), 0.7
    grad = rng.normal(size=architecture.n_parameters)
    parameters = []
    for part in (array for group in architecture.views(grad) for array in group):
        parameter = torch.zeros(part.shape, dtype=torch.float64, requires_grad=True)
        parameter.grad = torch.tensor(part)
        parameters.append(parameter)
    layers = [parameters[0::2], parameters[1::2]] if by_layer else [parameters]
    for layer in layers:
        torch.nn.utils.clip_grad_norm_(layer, limit)
    clipping(("layer", limit) if by_layer else limit, architecture).apply(grad)
    found = [part for group in architecture.views(grad) for part in group]
    for part, parameter in zip(found, parameters, strict=True):
        # PyTorch divides by the norm plus 1e-6; the norms are above 1.
        assert_allclose(part, parameter.grad.numpy(), rtol=1e-6)
