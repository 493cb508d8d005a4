"""
Optimizers in one valley
========================

A rule of the library is a record with ``init`` and ``step``, and can be walked by hand:
here through a long, narrow valley, 30 times as steep across as along, from the same
point. It lies aslant: rules that scale each coordinate by itself would have it too easy
in one along the axes.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import optimizers

ANGLE = np.pi / 6
AXES = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
CURVATURE = AXES @ np.diag([1.0, 30.0]) @ AXES.T  # f = theta' CURVATURE theta / 2


def walk(rule, rate, steps=60):
    """Return the points that a rule visits, (steps + 1, 2)."""
    theta = AXES @ np.array([-4.0, 1.0])
    state, path = rule.init(theta), [theta.copy()]
    for _ in range(steps):
        rule.step(theta, CURVATURE @ theta, state, rate)
        path.append(theta.copy())
    return np.array(path)


# %%
# Each rate is the best of the eight tried for its rule: what ends nearest to the
# bottom. A comparison at one common rate would only tell whom that rate suits.

rules = {
    "gradient descent": optimizers.GradientDescent(),
    "momentum": optimizers.Momentum(nesterov=False),
    "Nesterov": optimizers.Momentum(),
    "AdaGrad": optimizers.AdaGrad(),
    "RMSProp": optimizers.RMSProp(),
    "Adam": optimizers.Adam(),
}
rates = [0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0]


def height(path):
    """Return f at each point."""
    return 0.5 * ((path @ CURVATURE) * path).sum(axis=-1)


def best_walk(rule):
    """Return the rate that ends lowest, and its path."""
    with np.errstate(over="ignore", invalid="ignore"):
        paths = {rate: walk(rule, rate) for rate in rates}
        ends = {rate: height(path)[-1] for rate, path in paths.items()}
    rate = min(ends, key=lambda rate: (not np.isfinite(ends[rate]), ends[rate]))
    return rate, paths[rate]


a, b = np.meshgrid(np.linspace(-5, 3, 160), np.linspace(-3, 2, 120))
heights = height(np.dstack([a, b]))
figure, axes = plt.subplots(
    2, 3, figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, rule) in zip(axes.flat, rules.items(), strict=True):
    rate, path = best_walk(rule)
    ax.contour(a, b, heights, levels=np.geomspace(0.05, 40, 9),
               colors="0.8", linewidths=0.8)  # fmt: skip
    ax.plot(*path.T, ".-", linewidth=1, markersize=4)
    ax.set(title=f"{name}, rate {rate:g}\nends at {height(path)[-1]:.0e}",
           xlim=(-5, 3), ylim=(-3, 2))  # fmt: skip

# %%
# The valley has no noise and one bottom. Networks have neither of these comforts: which
# rule serves there is a question of measurement, and ``perceptrons report optimizers``
# is a study of it.
