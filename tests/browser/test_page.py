"""The page in Chromium: by itself, in light and dark, on paper."""

import pytest
from visit import Visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800, 400])
def test_page_fits_and_asks_for_nothing(browser, study, width, scheme):
  size = {"width": width, "height": 900}
  file = study / "report.html"
  visit = Visit(browser, file, viewport=size, color_scheme=scheme)
  assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
  assert visit.requests == [file.as_uri()]
  assert not visit.complaints
  paper, ink = visit.page.evaluate(
    "['backgroundColor', 'color'].map((name) =>"
    " getComputedStyle(document.body)[name])"
  )
  levels = [sum(map(int, c[4:-1].split(","))) for c in (paper, ink)]
  assert (levels[0] > levels[1]) == (scheme == "light")
  visit.page.close()


def test_without_scripts_the_page_says_so(browser, study):
  visit = Visit(browser, study / "report.html", java_script_enabled=False)
  assert visit.page.get_by_text("This panel needs JavaScript").is_visible()
  visit.page.close()


def test_page_prints(browser, study, tmp_path):
  visit = Visit(browser, study / "report.html", color_scheme="dark")
  file = tmp_path / "page.pdf"
  visit.page.pdf(path=file)
  assert file.read_bytes().startswith(b"%PDF")
  visit.page.emulate_media(media="print", color_scheme="dark")
  paper = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
  assert paper == "rgb(255, 255, 255)"
  visit.page.close()
