"""Heat maps: what is in a cell, and what its color says."""

import math
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.colors import LogNorm, to_hex
from matplotlib.patches import Rectangle

from perceptrons.pages import drawing
from perceptrons.report.heatmap import heat_maps, number


def grid(values, **more):
    """Return cells of two rows and two columns, from left to right and downwards."""
    cells = pd.DataFrame(
        {"depth": [1, 1, 2, 2], "width": [4, 8, 4, 8], "value": values}
    )
    return cells.assign(**more)


def draw(table, **options):
    return heat_maps(table, "depth", "width", "test MSE", **options)


def texts(axes):
    """Return the text of every cell by its column and row."""
    return {
        (text.get_position()[0] - 0.5, text.get_position()[1] - 0.5): text.get_text()
        for text in axes.texts
    }


def fills(axes):
    """Return the color of every filled cell by its column and row."""
    return {
        patch.get_xy(): to_hex(patch.get_facecolor())
        for patch in axes.patches
        if isinstance(patch, Rectangle) and patch.get_facecolor()[3] > 0
    }


def test_every_cell_has_its_number_at_its_row_and_column():
    axes, bar = draw(grid([0.01, 0.02, 0.03, 0.04])).axes
    assert texts(axes) == {
        (0, 0): "0.0100", (1, 0): "0.0200", (0, 1): "0.0300", (1, 1): "0.0400"
    }  # fmt: skip
    assert [t.get_text() for t in axes.get_xticklabels()] == ["4", "8"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["1", "2"]
    assert axes.get_ylim() == (2, 0)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("width", "depth")
    assert bar.get_xlabel() == "test MSE"


def test_colors_follow_the_logarithm_only_over_decades():
    for values, kind in (([0.01, 0.1, 1, 10], True), ([0.01, 0.02, 0.03, 0.05], False)):
        _, bar = draw(grid(values)).axes
        assert isinstance(bar._colorbar.norm, LogNorm) is kind
    _, bar = draw(grid([0.01, 0.1, 0.5, 1.0]), percent=True).axes
    assert not isinstance(bar._colorbar.norm, LogNorm)


def test_equal_steps_of_the_logarithm_are_equal_steps_of_color():
    axes, bar = draw(grid([1, 10, 100, 10])).axes
    colors = fills(axes)
    assert colors[1, 0] == colors[1, 1] == to_hex(bar._colorbar.cmap(0.5))


def test_panels_share_one_color_scale():
    ours = grid([1.0, 2.0, 3.0, 4.0], panel="here")
    theirs = grid([2.0, 4.0, 6.0, 8.0], panel="report", diverged=False)
    here, report, _ = draw(pd.concat([ours, theirs])).axes
    assert (here.get_title("left"), report.get_title("left")) == ("here", "report")
    assert fills(here)[1, 0] == fills(report)[0, 0]
    assert fills(here)[0, 0] != fills(report)[0, 0]


def test_a_diverged_cell_is_hatched_and_named_and_shapes_no_color():
    table = grid([1.0, 2.0, 3.0, math.nan], diverged=[False, False, False, True])
    figure = draw(table)
    axes, bar = figure.axes
    assert texts(axes)[1, 1] == "div."
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert [patch.get_xy() for patch in hatched] == [(1, 1)]
    assert (1, 1) not in fills(axes)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training diverged"]
    huge = draw(table.fillna(1e9)).axes[1]
    assert huge._colorbar.norm.vmax == bar._colorbar.norm.vmax == 3.0
    assert not draw(grid([1.0, 2.0, 3.0, 4.0], diverged=False)).legends


@pytest.mark.parametrize(
    "table", [grid([1.0, 2.0, 3.0, math.nan]), grid([1.0, 2.0, 3.0, 4.0]).drop(index=3)]
)
def test_a_missing_cell_is_a_dash_without_color(table):
    axes = draw(table).axes[0]
    assert texts(axes)[1, 1] == "—"
    assert (1, 1) not in fills(axes)


def test_values_above_the_ceiling_share_its_color_and_keep_their_numbers():
    axes, bar = draw(grid([0.01, 0.1, 1.0, 1e20]), ceiling=1.0).axes
    assert texts(axes)[1, 1] == "1.0e20"
    assert fills(axes)[1, 1] == fills(axes)[0, 1]
    assert bar._colorbar.extend == "max"
    lower = draw(grid([0.01, 0.1, 0.5, 0.2]), ceiling=1.0).axes[1]
    assert lower._colorbar.extend == "neither"


def test_only_the_chosen_cells_are_framed():
    axes = draw(grid([1.0, 2.0, 3.0, 4.0], framed=[False, True, False, False])).axes[0]
    frames = [p for p in axes.patches if not p.get_fill() and not p.get_hatch()]
    (frame,) = frames
    assert (round(frame.get_x()), round(frame.get_y())) == (1, 0)


def test_percentages_are_shares_times_hundred():
    axes, bar = draw(grid([0.5, 0.974, 0.1, 1.0]), percent=True).axes
    assert sorted(texts(axes).values()) == ["10.0", "100", "50.0", "97.4"]
    assert bar.get_xlabel() == "test MSE (%)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0117, "0.0117"), (0.011, "0.0110"), (12.34, "12.3"), (0.0, "0.00"),
        (128.0, "128"), (6.36e15, "6.4e15"), (3.2e-9, "3.2e-9"), (-0.5, "-0.500"),
    ],
)  # fmt: skip
def test_numbers_fit_into_a_cell(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    "values",
    [[math.nan] * 4, [2.0] * 4, [0.0] * 4, [0.0, 0.1, 10.0, 0.0], [-1, 0, 1, 99]],
)
@pytest.mark.parametrize("ceiling", [math.inf, 1.0])
def test_odd_values_are_drawn_without_a_warning(values, ceiling):
    drawn = drawing.draw(draw(grid(values), ceiling=ceiling))
    assert drawn.svg.rstrip().endswith(b"</svg>")


def test_two_rows_for_one_cell_are_refused():
    twice = pd.concat([grid([1.0, 2.0, 3.0, 4.0])] * 2)
    with pytest.raises(ValueError, match="one row per depth, width and panel"):
        draw(twice)


def test_the_page_recolors_what_is_not_a_color_of_the_scale():
    table = grid([1.0, 2.0, 3.0, math.nan], diverged=[False, False, False, True])
    svg = drawing.inline_svg(drawing.draw(draw(table)).svg, "map", "Fig. 14")
    assert "currentColor" in svg
    assert "var(--grid)" in svg


def test_the_exact_value_and_its_place_show_on_hover():
    svg = drawing.draw(draw(grid([0.0123456, 2.0, 3.0, math.nan]))).svg.decode()
    assert svg.count("<title>depth 1, width 4: 0.0123456</title>") == 2
    assert "<title>depth 2, width 8: —</title>" in svg


def test_long_names_of_columns_do_not_overlap():
    names = ["squared", "mean_squared", "absolute", "huber", "pinball", "poisson"]
    losses = [f"{name}_error" for name in names[:3]] + names[3:]
    losses += ["binary_cross_entropy", "cross_entropy"]
    table = pd.DataFrame({"activation": "relu", "loss": losses, "value": 1e-15})
    figure = heat_maps(table, "activation", "loss", "difference")
    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


@pytest.mark.parametrize(("columns", "value"), [(7, 0.0123), (8, 0.0123), (8, 4.4e-11)])
def test_numbers_are_as_large_as_a_phone_needs_and_stay_in_their_cells(columns, value):
    table = pd.DataFrame({"depth": 1, "width": range(columns), "value": value})
    figure = draw(table)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.bbox.width / columns
    # 390 pixels less the margins of the page, over the points of the figure.
    pixels = 358 / figure.bbox.width
    for text in axes.texts:
        assert text.get_fontsize() * pixels > 8.5
        assert text.get_window_extent().width < cell


def test_the_scale_of_decades_names_numbers_that_do_not_overlap():
    for high in (0.15, 1e4, 1e12):
        figure = draw(grid([0.0104, 0.02, 0.05, high]))
        figure.draw_without_rendering()
        bar = figure.axes[1]
        labels = [text for text in bar.get_xticklabels() if text.get_text()]
        boxes = [text.get_window_extent() for text in labels]
        assert len(boxes) > 1
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
