"""A page is filled from what it is given, or not at all."""

import jinja2
import pytest

from perceptrons.pages.template import render


@pytest.mark.parametrize(
    ("package", "template"),
    [
        ("perceptrons.comparison", "comparison.html.j2"),
        ("perceptrons.report", "page.html.j2"),
    ],
)
def test_a_template_that_lacks_a_value_is_an_error_and_not_a_gap(package, template):
    with pytest.raises(jinja2.UndefinedError, match="is undefined"):
        render(package, template)
