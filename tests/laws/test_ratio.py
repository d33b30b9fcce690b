"""The test of F(p)/F(0)."""

from planted_tables import planted, toy

from forgetting import laws


def test_ratio_test_accepts_the_law_and_sees_it_broken():
  good = laws.ratio_test(laws.fit(planted(seed=4), "forgetting"))
  assert good.consistent
  bad = laws.ratio_test(laws.fit(toy(), "forgetting"))
  assert not bad.consistent
  assert "more target tokens" in str(bad)
