"""A headless Chromium of the system's, and a page of a synthetic study."""

import os
import shutil

from planted_study import plant
import pytest
from visit import Visit

from forgetting import report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
)


def absent(what: str):
  """Skips, or fails where a browser has to be there."""
  if os.environ.get("FORGETTING_REQUIRE_BROWSER") == "1":
    pytest.fail(what)
  pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
  try:
    from playwright.sync_api import sync_playwright
  except ImportError:
    absent("found no playwright, expected it: install forgetting[browser]")
  program = next(filter(None, map(shutil.which, BROWSERS)), None)
  if program is None:
    absent("found no browser, expected Chromium: apt-get install chromium")
  with sync_playwright() as playwright:
    opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def study(tmp_path_factory):
  """A finished study of two domains and its page; tests only read it."""
  folder = plant(tmp_path_factory.mktemp("browser"))
  report.write(folder, tolerance=0.1)
  return folder


@pytest.fixture
def visit(browser, study):
  """The study's page, opened by itself."""
  opened = Visit(browser, study / "report.html")
  yield opened
  opened.page.close()
  assert not opened.complaints
