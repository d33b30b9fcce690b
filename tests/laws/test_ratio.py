"""The test of F(p)/F(0)."""

from planted_tables import planted, toy
import pytest

from forgetting import laws


def test_ratio_test_accepts_the_law_and_sees_it_broken():
  good = laws.ratio_test(laws.fit(planted(seed=4), "forgetting"))
  assert good.consistent
  bad = laws.ratio_test(laws.fit(toy(), "forgetting"))
  assert not bad.consistent
  assert "more target tokens" in str(bad)


@pytest.mark.usefixtures("few_draws")
def test_where_nothing_was_forgotten_there_is_nothing_to_test():
  table = planted().assign(pretrain_loss=lambda t: t["base_pretrain_loss"])
  test = laws.ratio_test(laws.fit(table, "forgetting"))
  assert test.consistent and not test.cells.any()
  assert "measured nan" not in str(test) and "consistent" not in str(test)
  assert str(test).count("not measurable") == len(test.injection)
