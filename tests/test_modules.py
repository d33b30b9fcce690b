"""Every module has a test file of its name, or is told here with the reason."""

import imports
from imports import ROOT

HERE = imports.read()
_LAWS = ("laws/test_recovery.py", "plants every law and finds it again")
_FIGURES = ("report/test_figures.py", "draws every figure of one study")
_MATRIX = ("report/test_matrix.py", "draws the figures of one matrix")
_PROTOCOL = "a protocol: no code but what a second one of its kind must offer"
# module: the file that tests it, and why it is not one of its own name
ELSEWHERE = {
  "__main__": ("cli/test_main.py", "the command in a process of its own"),
  "cli.export_model": (
    "runs/test_exporting.py",
    "what it calls, on runs of both kinds of parent",
  ),
  "cli.planned_study": ("cli/test_planning.py", "the files that plan writes"),
  "cli.loading": ("cli/test_study.py", "studies as verbs load them"),
  "config.config_json_rope": (
    "config/test_config_json.py",
    "windows and rotary positions of all families' files",
  ),
  "config.rope": ("training/test_rotary.py", "what it makes turn"),
  "data.document_store": (
    "data/test_store.py",
    "documents as they are prepared: interrupted, in parts, by two at once",
  ),
  "data.jinja_templates": (
    "data/test_chat_encoding.py",
    "templates, against transformers",
  ),
  "data.stream_tasks": ("data/test_streamed.py", "batches of such a task"),
  "data.tensorflow": ("data/test_tasks.py", "what opens it there"),
  "data.tfds_source": ("data/test_tasks.py", "a data set as a source"),
  "doctor.words": ("doctor/test_checkup.py", "words of what was found there"),
  "laws.advice": ("laws/test_advise.py", "what `advise` gives, and its text"),
  "laws.answers_combination": ("laws/test_combination.py", "in words"),
  "laws.belief": ("laws/test_plan.py", "what a plan reckons with"),
  "laws.exchange_fit": ("laws/test_exchange.py", "what it fits"),
  "laws.forms": _LAWS,
  "laws.forms_finetuning": _LAWS,
  "laws.forms_forgetting": _LAWS,
  "laws.forms_pretraining": _LAWS,
  "laws.forms_recipes": _LAWS,
  "laws.quadratic": ("laws/test_newton.py", "a step of Newton's method"),
  "laws.recipes": ("laws/test_combination.py", "what it chooses from"),
  "laws.trainers_fields": (
    "laws/test_trainers.py",
    "the fields of each trainer",
  ),
  "laws.trainers_mix": ("laws/test_trainers.py", "shares, rows and tokens"),
  "laws.vocabulary": _LAWS,
  "records.table_json": ("records/test_table_file.py", "one of its formats"),
  "records.distinct": ("records/test_table_file.py", "a column of its tables"),
  "records.table_numbers": ("records/test_table_file.py", "of its columns"),
  "records.table_rows": ("records/test_table_file.py", "of its tables"),
  "records.table_text": ("records/test_table_file.py", "one of its formats"),
  "records.told": ("records/test_table_columns.py", "what is told there"),
  "report.figure_components": _MATRIX,
  "report.figure_bottom": ("report/test_bottom.py", "draws it"),
  "report.figure_curves": _FIGURES,
  "report.figure_halving": _FIGURES,
  "report.figure_injection": _FIGURES,
  "report.figure_matrix": _MATRIX,
  "report.figure_own_patterns": _MATRIX,
  "report.figure_predicted": _FIGURES,
  "report.figure_progress": _FIGURES,
  "report.figure_replay": ("report/test_replay.py", "draws its comparison"),
  "report.figure_sizes": _FIGURES,
  "runs.asked": ("runs/test_samples.py", "what is written once, and shared"),
  "runs.options": ("runs/test_run.py", "fields that every run's test uses"),
  "runs.sampled": ("cli/test_sample.py", "what the verb shows"),
  "runs.text_checks": ("runs/test_text.py", "of prepared text"),
  "runs.text_sources": ("runs/test_text.py", "of prepared text"),
  "training.executor": ("training/test_stepping.py", _PROTOCOL),
  "training.fleet": ("runs/test_fleets.py", "runs in it, against alone"),
  "training.gradients": ("runs/test_matrix_gradients.py", "on a run's text"),
  "training.methods.method": ("training/test_methods.py", _PROTOCOL),
  "training.models.scanning": (
    "training/test_decoder.py",
    "scanned and unrolled layers agree",
  ),
  "training.models.family": ("training/test_models.py", _PROTOCOL),
}


def modules() -> list[str]:
  """`room.module` of everything that has code of its own."""
  names = (m.partition(".")[2] for m in HERE.files)
  return sorted(
    name
    for name in names
    if name and HERE.files[f"forgetting.{name}"].name != "__init__.py"
  )


def has_its_own(module: str) -> bool:
  """tests/training/test_decoder.py, say, of training.models.decoder."""
  room, name = module.split(".")[0], module.split(".")[-1]
  return (ROOT / "tests" / room / f"test_{name}.py").exists()


def test_every_module_has_a_test_of_its_name_or_a_reason():
  missing = [m for m in modules() if not has_its_own(m)]
  assert not {*missing} - {*ELSEWHERE}, "neither a test nor a reason"
  assert not {*ELSEWHERE} - {*missing}, "a reason that nothing needs"


def test_what_tests_it_elsewhere_is_there():
  for module, (file, reason) in ELSEWHERE.items():
    assert (ROOT / "tests" / file).is_file(), module
    assert reason, module
