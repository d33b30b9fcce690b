"""The section on advice, against laws.advise."""

from forgetting import laws, records
from forgetting.report import style


def test_advice_is_that_of_advise(whole):
  study, page = whole
  row = next(
    row for row in page.rows if row[:3] == ["wiki_fr", "197k", "51.2k"]
  )
  asked = laws.advise(
    records.load(study),
    domain="wiki_fr",
    model_params=197184,
    target_tokens=51200,
    tolerance=0.1,
  )
  assert row[5] == style.percent(asked.injection, 2)
  limits = (style.percent(p, 2) for p in (asked.low, asked.high))
  assert row[6] == "[{}, {}]".format(*limits)
  runs = records.load(study).query(
    "domain == 'wiki_fr' and model_params == 197184 and target_tokens == 51200"
  )
  left = runs.set_index("injection").eval("pretrain_loss - base_pretrain_loss")
  # measured: forgetting at 5 % is under the tolerance, at 1 % it is not
  assert left[0.05] <= 0.1 < left[0.01]
  assert row[4] == f"{left[0.0]:.3f}"
  assert row[7] == f"5 % (leaves {left[0.05]:.3f})"
  assert f"wiki_fr: inject {row[5]}" in page.text
