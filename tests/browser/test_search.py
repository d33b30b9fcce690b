"""The documentation's search, in pages that are read from the disk."""

import os
import pathlib
import subprocess
import sys

import pytest
from visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = pathlib.Path(__file__).parents[2]


def test_search_finds_without_a_server_or_a_network(browser, tmp_path):
  pytest.importorskip("material", reason="needs the extra docs")
  subprocess.run(
    [sys.executable, "-m", "mkdocs", "build", "-d", str(tmp_path)],
    check=True,
    cwd=ROOT,
    env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
  )
  visit = Visit(browser, tmp_path / "index.html")
  visit.page.locator("input[name=query]").click()
  visit.page.locator("input[name=query]").press_sequentially("injection")
  visit.page.locator(".md-search-result__item").first.wait_for()
  assert all(url.startswith("file:") for url in visit.requests)
  assert not visit.complaints
  visit.page.close()
