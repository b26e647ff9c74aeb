"""The one way in which HTML pages are made from templates."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

__all__ = ["render_page"]


def render_page(package: str, template: str, style: str, **content: Any) -> str:
    """Fill a template of a package; everything is escaped, an unknown name is an error.

    Parameters
    ----------
    package
        Package whose folder ``templates`` holds template and style.
    template, style
        File names.
    content
        What the template names, besides ``css``.
    """
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    css = resources.files(package).joinpath("templates", style).read_text(encoding="utf-8")
    return environment.get_template(template).render(css=css, **content)
