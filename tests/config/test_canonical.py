import json

from hypothesis import given, settings
import pytest
import valid_configs

from forgetting.config import InputError, Run, canonical


def test_json_round_trip(finetuning):
  values = json.loads(canonical.to_json(finetuning))
  assert canonical.from_dict(Run, values) == finetuning


@given(run=valid_configs.runs())
@settings(max_examples=30, deadline=None)
def test_a_run_is_read_from_its_json(run):
  read = canonical.from_dict(Run, json.loads(canonical.to_json(run)))
  assert read == run
  assert read.name == run.name


def test_a_field_that_came_later_is_left_out_while_it_has_its_default(
  finetuning,
):
  values = json.loads(canonical.to_json(finetuning))
  assert "replay" not in values and "micro_batches" not in values
  assert "remat" not in values["model"]


def test_a_json_of_other_fields_is_one_line(finetuning):
  values = json.loads(canonical.to_json(finetuning))
  with pytest.raises(InputError, match="Run has no field 'stepz'.*'steps'"):
    canonical.from_dict(Run, values | {"stepz": 3})
  del values["steps"], values["model"]["width"]
  with pytest.raises(InputError, match=r"^Run\.steps: found nothing, expected"):
    canonical.from_dict(Run, values)
  with pytest.raises(InputError, match=r"^Model\.width: found nothing"):
    canonical.from_dict(Run, values | {"steps": 3})
  with pytest.raises(InputError, match=r"^Run\.seed: found {'a': 1}, expected"):
    canonical.from_dict(
      Run, json.loads(canonical.to_json(finetuning)) | {"seed": {"a": 1}}
    )
