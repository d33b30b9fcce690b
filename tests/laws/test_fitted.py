"""What a fit predicts."""

from planted_tables import foreign, toy
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import arguments, backtests, criteria


@pytest.mark.parametrize("ours", [False, True])
def test_rows_to_predict_need_no_loss_and_may_have_either_names(ours):
  columns = arguments.parse_columns("loss=val_loss,N=params,D=seen")
  fitted = laws.fit(foreign(), "chinchilla", columns=columns)
  rows = foreign().head(3).drop(columns="val_loss")
  if ours:
    rows = rows.rename(columns={"params": "model_params", "seen": "tokens"})
  predicted = fitted.predict(rows)
  assert predicted["prediction"].to_numpy() == pytest.approx(
    foreign()["val_loss"].head(3).to_numpy(), rel=0.01
  )


def test_negative_forgetting_is_fitted_and_not_clipped():
  fitted = laws.fit(toy(), "forgetting_log")
  row = toy().iloc[[3]]
  predicted = float(fitted.predict(row)["prediction"].iloc[0])
  assert predicted < float(row["base_pretrain_loss"].iloc[0])


def test_a_fit_read_from_its_file_says_what_it_has_not_kept():
  fitted = laws.fit(toy(), "forgetting_log")
  read = laws.Fit.from_json(fitted.to_json())
  assert fitted.own_data is fitted.data
  assert fitted.own_problem is fitted.problem
  with pytest.raises(InputError, match="fit the table again"):
    backtests.backtests(read)
  with pytest.raises(InputError, match="fit the table again"):
    criteria.aicc(read)
