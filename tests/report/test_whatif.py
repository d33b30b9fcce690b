"""The what-if panel: which domains and how many draws."""

import re

from forgetting.report import whatif


def test_many_draws_are_thinned(one_domain_laws, monkeypatch):
  evidence, fits = one_domain_laws
  assert '"every": 1' in whatif.panel(evidence, fits, 0.1)
  monkeypatch.setattr(whatif, "ROOM", 27_000)
  panel = whatif.panel(evidence, fits, 0.1)
  packed = re.findall(r'"count": (\d+)', panel)
  assert {int(n) for n in packed} == {1000 // 3 + 1}
  assert '"every": 3' in panel


def test_the_script_has_the_laws_that_the_panel_computes_with(
  one_domain, one_domain_laws
):
  _, fits = one_domain_laws
  script = whatif.script(fits)
  for fit in (fits[0].advisor, fits[0].forgetting, fits[0].target):
    assert f'"{fit.law.name}": (q, at, s, base)' in script
  assert script in one_domain[1].source
