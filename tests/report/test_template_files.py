"""The templates, in the checkout and in the wheel."""

import itertools
import pathlib
import tomllib

from forgetting.report import (
  template_files,
  whatif,
)


def test_templates_are_in_the_wheel():
  root = pathlib.Path(__file__).parents[2]
  settings = tomllib.loads((root / "pyproject.toml").read_text())
  patterns = settings["tool"]["setuptools"]["package-data"]["forgetting.report"]
  folder = root / "forgetting" / "report"
  packed = set(itertools.chain(*(folder.glob(p) for p in patterns)))
  names = ("page.html", "page.css", "page.js", "whatif.html", *whatif.SCRIPTS)
  for name in names:
    assert folder / "templates" / name in packed
    assert template_files.text(name)
