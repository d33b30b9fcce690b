"""What a fit predicts."""

from planted_tables import foreign, toy
import pytest

from forgetting import laws
from forgetting.laws import arguments


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
