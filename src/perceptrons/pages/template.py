"""Templates of pages, filled."""

from __future__ import annotations

from typing import Any

import jinja2

from perceptrons.pages.wording import typeset


def render(package: str, template: str, **context: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    package : str
        Whose folder it lies in; what it includes may lie in that of the pages.
    template : str
        Name of the file.
    **context
        What it prints.

    Raises
    ------
    jinja2.UndefinedError
        If the template asks for what it is not given.
    """
    loaders = [jinja2.PackageLoader(name, ".") for name in (package, __package__)]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typeset"] = typeset
    return environment.get_template(template).render(**context)
