"""What the page's own figures and its table of runs answer in Chromium."""

import re

import pytest

pytestmark = pytest.mark.browser
PAGES = 8  # on paper, at most


def curve(visit) -> str:
  paths = visit.page.locator("#explore-plot path")
  return paths.first.get_attribute("d")


def test_a_chosen_cell_shows_its_curves(visit):
  before = curve(visit)
  assert visit.page.locator("#explore-key span").count() == 4
  visit.page.locator("#explore-form [name=domain]").select_option("wiki_fr")
  assert curve(visit) != before
  again = curve(visit)
  visit.page.locator("#explore-form [name=tokens]").select_option(index=0)
  assert curve(visit) != again


def test_a_point_tells_its_values_and_leads_to_its_run(visit):
  dot = visit.page.locator("#explore-plot circle[fill^=var]").first
  dot.scroll_into_view_if_needed()
  box = dot.bounding_box()
  at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
  visit.page.mouse.move(*at)
  assert "(best)" in visit.text("#explore-plot .told")
  assert not visit.page.locator("#runs table").is_visible()
  visit.page.mouse.click(*at)
  assert visit.page.locator("tr.found").is_visible()


def test_a_dot_of_forgetting_leads_to_its_curve(visit):
  dot = visit.page.locator("[data-domain=wiki_fr] circle[fill^=var]").first
  dot.scroll_into_view_if_needed()
  dot.click()
  field = visit.page.locator("#explore-form [name=domain]")
  assert field.input_value() == "wiki_fr"


def test_runs_are_sorted_and_filtered(visit):
  visit.page.evaluate("location.hash = 'runs'")
  visit.page.locator("#runs .fold > summary").click()
  head = visit.page.get_by_role("button", name="Forgetting ± s.e.")
  head.click()
  cells = visit.page.locator("#runs tbody tr td[data-value]")
  assert cells.count() > 0
  values = visit.page.evaluate(
    "[...document.querySelectorAll('#runs tbody tr')].map((row) =>"
    " Number([...row.cells].find((c) => c.textContent.includes('±'))"
    "?.dataset.value ?? NaN))"
  )
  assert values == sorted(values)
  visit.page.locator("#runs input").fill("wiki_fr 51.2k")
  shown = visit.page.locator("#runs tbody tr:visible")
  assert shown.count() == 12
  assert visit.text("#runs .shown") == "12 of 72"


def test_a_link_unfolds_what_it_leads_to(visit):
  assert not visit.page.locator("#laws table").first.is_visible()
  visit.page.locator("nav a[href='#laws']").click()
  assert visit.page.locator("#laws table").first.is_visible()


def test_paper_is_short(visit, tmp_path):
  file = tmp_path / "page.pdf"
  visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
  visit.page.pdf(path=file, prefer_css_page_size=True)
  pages = re.findall(rb"/Type\s*/Page\b(?!s)", file.read_bytes())
  assert 0 < len(pages) < PAGES
