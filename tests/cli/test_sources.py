"""The verb that tells what replay sources are worth, on a table."""

import json

from planted_sources import planted

from forgetting.cli.main import app


def said(*arguments) -> int:
  return app.parse([*map(str, arguments)], description="")()


def test_rates_of_a_table_and_advice_by_one(tmp_path, capsys):
  table, out = tmp_path / "runs.csv", tmp_path / "out.json"
  planted({"wiki": 0.2}).to_csv(table, index=False)
  assert said("sources", table, "--domain", "law", "--json", out) == 0
  assert "wiki" in capsys.readouterr().out
  (rate,) = json.loads(out.read_text())["sources"]
  assert rate["low"] < 0.2 < rate["high"]
