"""Every field of every config holds what its annotation says, in one form."""

import dataclasses
import json
import pathlib
import pkgutil

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import valid_configs

import forgetting.config as room
from forgetting.config import (
  Evaluation,
  InputError,
  Model,
  Optimizer,
  Replay,
  Run,
  Study,
)
from forgetting.config.canonical import to_json
from forgetting.config.checks import Config
from forgetting.config.saves import Saves

OF_A_STUDY = (Evaluation, Model, Optimizer, Replay, Run, Saves, Study)


def configs() -> dict[type, Config]:
  """A valid value of every class of configs."""
  model = Model(layers=2, width=16, heads=2, context=32)
  parent = Run(
    model=model,
    optimizer=Optimizer(peak_lr=1e-3),
    steps=100,
    batch_size=4,
    injection=1,
  )
  run = dataclasses.replace(
    parent,
    injection=0.25,
    domain="kjv",
    target_tokens_asked=200,
    parent=parent,
    replay=Replay(pool=64),
  )
  study = Study(name="small", runs=(run,))
  values = (study, run, model, run.optimizer, run.evaluation, run.replay)
  return {type(value): value for value in (*values, Saves(every=10))}


VALID = configs()
FIELDS = [
  (cls, field.name) for cls in OF_A_STUDY for field in dataclasses.fields(cls)
]
NUMBERS = [
  (cls, field)
  for cls, field in FIELDS
  if type(getattr(VALID[cls], field)) in (int, float)
]


def with_value(cls: type, field: str, value) -> Config:
  return dataclasses.replace(VALID[cls], **{field: value})


def refusal(cls: type, field: str, value) -> str:
  with pytest.raises(InputError) as caught:
    with_value(cls, field, value)
  line = str(caught.value)
  assert "\n" not in line and len(line) < 400
  return line


def test_every_dataclass_of_the_room_is_a_config_or_a_range():
  for module in pkgutil.iter_modules(room.__path__):
    names = vars(__import__(f"{room.__name__}.{module.name}", fromlist=["_"]))
    for name, found in names.items():
      if isinstance(found, type) and dataclasses.is_dataclass(found):
        assert issubclass(found, Config) or name == "Range", name


def test_a_config_cannot_forget_its_check():
  with pytest.raises(TypeError, match="write _check, not __post_init__"):

    class Forgetful(Config):
      def __post_init__(self):
        pass


@pytest.mark.parametrize("cls", OF_A_STUDY)
def test_what_no_field_can_hold_is_one_line_that_names_it(cls):
  for field in (field for of, field in FIELDS if of is cls):
    for value in (object(), b"10", {"a": 1}, 1j, np.arange(3), len):
      line = refusal(cls, field, value)
      assert line.startswith(f"{cls.__name__}.{field}: found")


NO_NUMBERS = ["100", True, np.True_, [1], float("nan")]
OUT_OF_RANGE = [float("inf"), -1.0, 10**400]


@pytest.mark.parametrize(("cls", "field"), NUMBERS)
def test_a_number_is_a_number_within_its_range(cls, field):
  whole = type(getattr(VALID[cls], field)) is int
  fractions = [12.5, np.float32(0.5)] if whole else []
  for value in (*NO_NUMBERS, *OUT_OF_RANGE, *fractions):
    line = refusal(cls, field, value)
    if (cls, value) == (Saves, -1):
      assert line.startswith("--save-every: found -1")
    else:
      assert line.startswith(f"{cls.__name__}.{field}: found")


def test_fractional_steps_are_refused():
  line = refusal(Run, "steps", 12.5)
  assert line == "Run.steps: found 12.5, expected a whole number above 0"


@pytest.mark.parametrize("steps", [100.0, np.int64(100), np.float32(100)])
def test_equal_numbers_give_equal_runs_of_one_name(steps):
  run, other = VALID[Run], with_value(Run, "steps", steps)
  assert type(other.steps) is int
  assert other == run
  assert other.name == run.name


@pytest.mark.parametrize(
  ("field", "value", "as_float"),
  [
    ("injection", 0, 0.0),
    ("injection", -0.0, 0.0),
    ("injection", np.float64(0.5), 0.5),
    ("injection", np.float32(0.5), 0.5),
    ("injection", np.int8(0), 0.0),
  ],
)
def test_a_float_is_written_in_one_form(field, value, as_float):
  given, plain = (with_value(Run, field, v) for v in (value, as_float))
  assert type(given.injection) is float
  assert given.name == plain.name
  assert str(given.injection) == str(as_float)


def test_a_grid_of_numpys_numbers_is_one_of_pythons():
  """Its JSON was a traceback."""
  for tokens in np.geomspace(64, 6400, 3).astype(int):
    run = with_value(Run, "target_tokens_asked", tokens)
    assert json.loads(to_json(run))["target_tokens_asked"] == int(tokens)


def test_text_is_text():
  run = with_value(Run, "domain", np.array(["kjv"])[0])
  assert type(run.domain) is str
  assert run.name == VALID[Run].name
  line = refusal(Run, "domain", pathlib.PurePosixPath("kjv"))
  assert line.endswith("PurePosixPath('kjv'), expected a str or None")


def test_a_list_is_a_tuple():
  parent = VALID[Run].parent
  listed = dataclasses.replace(parent, pretraining=["mix"])
  assert listed == parent
  assert listed.name == parent.name
  study = Study(name="small", runs=[parent])
  assert study == Study(name="small", runs=(parent,))
  assert study.ordered() == (parent,)


def test_one_name_is_no_tuple_and_the_line_says_what_to_write():
  """It said that there was no corpus 'm'."""
  line = refusal(Run, "pretraining", "mix")
  assert line == (
    "Run.pretraining: found 'mix', expected a tuple, each item a str; for one"
    " alone write ('mix',)"
  )
  assert "each item a Run; for one" in refusal(Study, "runs", VALID[Run])
  assert "each item a str" in refusal(Run, "pretraining", ("mix", 3))


def test_a_config_is_no_other_config():
  line = refusal(Run, "model", VALID[Optimizer])
  assert line.startswith("Run.model: found Optimizer(")
  assert line.endswith("expected a Model")
  assert "expected a Run or a Pretrained or None" in refusal(
    Run, "parent", "base"
  )


@pytest.mark.parametrize(
  ("cls", "field", "value"),
  [
    (Replay, "effective_share", 0.0),
    (Replay, "pool", 0),
    (Run, "version", 0),
    (Run, "seed", 2**63),
    (Study, "tolerance", 0),
    (Model, "remat", "some"),
  ],
)
def test_ranges(cls, field, value):
  assert f"{cls.__name__}.{field}: found {value!r}" in refusal(
    cls, field, value
  )


def disguised(value, draw):
  """The same value as other programs and habits would give it."""
  if isinstance(value, bool) or value is None:
    return value
  if isinstance(value, int):
    kinds = [int, np.int64, *([float] if value < 2**53 else [])]
    return draw(st.sampled_from(kinds))(value)
  if isinstance(value, float):
    kinds = [float, np.float64, *([int] if value.is_integer() else [])]
    return draw(st.sampled_from(kinds))(value)
  if isinstance(value, str):
    return draw(st.sampled_from([str, np.str_]))(value)
  if isinstance(value, tuple):
    return draw(st.sampled_from([tuple, list]))(
      [disguised(item, draw) for item in value]
    )
  fields = dataclasses.fields(value)
  return type(value)(
    **{f.name: disguised(getattr(value, f.name), draw) for f in fields}
  )


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_equal_runs_have_equal_names(data):
  run = data.draw(valid_configs.runs())
  same = disguised(run, data.draw)
  assert same == run
  assert same.name == run.name
  assert to_json(same) == to_json(run)


WRONG = st.one_of(
  st.text(max_size=5),
  st.binary(max_size=5),
  st.lists(st.integers(), max_size=3),
  st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
  st.complex_numbers(),
  st.just(float("nan")),
  st.booleans(),
)


@given(place=st.sampled_from(NUMBERS), value=WRONG)
@settings(deadline=None)
def test_any_wrong_type_of_a_number_names_its_field(place, value):
  cls, field = place
  assert refusal(cls, field, value).startswith(f"{cls.__name__}.{field}: found")


def test_an_annotation_that_no_kind_is_known_for_is_a_mistake_of_ours():
  @dataclasses.dataclass(frozen=True, kw_only=True)
  class Odd(Config):
    where: complex = 0j

  with pytest.raises(TypeError, match="no kind of value is known for"):
    Odd()
