"""Links from the page to what a run left."""

from forgetting.report import links
from forgetting.report.evidence import read


def test_only_what_is_there_is_linked_from_where_the_page_lies(small, tmp_path):
  found = read(small)
  key, folder = next(iter(found.directories.items()))
  away = tmp_path / "pages" / "here"
  told = links.files(found, key, away)
  assert told.keys() == {"config", "result"}  # a planted run has no log
  assert (away / told["config"]).resolve() == folder / "config.json"
  assert links.files(found, ("no", "such"), away) == {}
  assert links.html(told).count("<a ") == 2
