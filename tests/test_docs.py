"""The documentation: whole, linked, and every command of it understood.

Every command in a fenced block of README and docs is parsed here by the verb's
own parser; make targets, extras and scripts are looked up. Those that read a
study or a table also really run, in tests/test_docs_commands.py.
"""

import contextlib
import dataclasses
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import docs_commands
from docs_commands import GUIDE, OF_US, PAGES, ROOT, tutorial_study
import imports
import pytest

from forgetting import config, laws
from forgetting.cli import main as cli
from forgetting.config import model as shape
from forgetting.laws import vocabulary  # noqa: F401  registers the laws

COMMANDS = docs_commands.all_commands()
PLACEHOLDER = re.compile(r"^[A-Z][A-Z|_]+(\.py)?$|^\.\.\.$")


def test_there_are_commands_to_check():
  assert len(OF_US) > 30
  verbs = {c.arguments[0] for c in OF_US}
  assert {*cli.app._subcommands} <= verbs


@pytest.mark.parametrize("command", OF_US, ids=str)
def test_a_command_of_ours_parses(command):
  """Its verb is there and takes these arguments; nothing is done."""
  arguments = [a for a in command.arguments if a != "--quiet"]
  if arguments[0].startswith("--"):
    assert arguments[0] in ("--help", "--version", "--tyro-print-completion")
    return
  if "--help" in arguments:
    assert arguments[0] in (*cli.app._subcommands, "VERB")
    return
  assert callable(cli.app.parse(arguments, description=""))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_verb_named_in_a_sentence_is_there(page):
  for command in docs_commands.spans(page):
    verb, *rest = command.arguments
    assert verb in cli.app._subcommands, command
    known = help_of(verb)
    for option in (r for r in rest if r.startswith("--")):
      assert option in known, command


def help_of(verb: str) -> set[str]:
  """The options of a verb, as its help tells them."""
  told = io.StringIO()
  with contextlib.redirect_stdout(told), pytest.raises(SystemExit):
    cli.app.parse([verb, "--help"], description="")
  return {*re.findall(r"--[a-z][a-z-]*", told.getvalue()), "--quiet"}


@pytest.mark.parametrize(
  "command", [c for c in COMMANDS if c.program != "forgetting"], ids=str
)
def test_another_program_is_given_what_exists(command):
  arguments = command.arguments
  if command.program == "make":
    target = arguments[0]
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{re.escape(target)}:", makefile, re.M)
  elif command.program == "python" and arguments[0] == "-m":
    assert importlib.util.find_spec(arguments[1])
  elif command.program == "python":
    assert (ROOT / arguments[0]).is_file()
  else:
    assert {*re.findall(r"\[(\w+)\]", str(command))} <= {*extras()}


def extras() -> list[str]:
  project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
  return [*project["optional-dependencies"]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
  for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
    if target.startswith(("https://", "http://", "#")):
      continue
    path, _, anchor = target.partition("#")
    file = page.parent / path
    assert file.exists(), f"{page.name}: {target}"
    if anchor:
      heads = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
      assert anchor in {slug(head) for head in heads}, f"{page.name}: {target}"


def slug(head: str) -> str:
  words = re.sub(r"[^\w\s-]", "", head.lower())
  return re.sub(r"[\s-]+", "-", words).strip("-")


CONFIGS = {
  "Study": config.Study,
  "Run": config.Run,
  "Model": shape.Model,
  "Optimizer": config.Optimizer,
  "Evaluation": config.Evaluation,
  "Replay": config.Replay,
}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_field_is_told_with_its_default(name):
  text = (ROOT / "docs" / "config.md").read_text()
  section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.S | re.M)[1]
  told = re.findall(r"^\| `(\w+)` \|(.*?)\| (.+) \|$", section, re.M)
  expected = [
    (
      f.name,
      "" if f.default is dataclasses.MISSING else f"`{_said(f.default)}`",
    )
    for f in dataclasses.fields(CONFIGS[name])
  ]
  assert [(field, default.strip()) for field, default, _ in told] == expected


def _said(default) -> str:
  whole = dataclasses.is_dataclass(default)
  return f"{type(default).__name__}()" if whole else repr(default)


def test_every_law_is_told():
  text = (ROOT / "docs" / "laws.md").read_text()
  for name in laws.LAWS:
    assert f"`{name}`" in text, name


def test_every_law_has_its_source():
  text = (ROOT / "docs" / "laws.md").read_text()
  for name, law in laws.LAWS.items():
    row = re.search(rf"^\| .*`{name}`.*\|$", text, re.M)[0]
    for paper in re.findall(r"arXiv [\d.]+", law.source):
      assert paper in row, name


def test_every_verb_is_told():
  text = (ROOT / "docs" / "command-line.md").read_text()
  for verb in cli.app._subcommands:
    assert f"| `{verb}` |" in text, verb


def test_every_page_is_in_the_navigation():
  nav = (ROOT / "mkdocs.yml").read_text()
  for page in GUIDE:
    assert f": {page.relative_to(ROOT / 'docs')}\n" in nav, page


def test_the_tutorials_study_is_one(tmp_path):
  from forgetting.config.study_file import load_study

  file = tmp_path / "letters.py"
  file.write_text(tutorial_study())
  study = load_study(str(file))
  assert len(study.ordered()) == 3 + 36


HOUSE = imports.read()
FILES = (".csv", ".html", ".json", ".jsonl", ".npz", ".parquet", ".toml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_dotted_name_in_a_sentence_is_there(page):
  for name in spans_of(page, r"(?:\w+\.)+\w+"):
    first = name.removeprefix("forgetting.").split(".")[0]
    if first in HOUSE.rooms() and not name.endswith(FILES):
      assert HOUSE.has("forgetting." + name.removeprefix("forgetting.")), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_in_a_sentence_is_there(page):
  tops = {path.name for path in ROOT.iterdir()} - {"runs"}
  for path in spans_of(page, r"[\w.-]+/[\w./-]*"):
    if path.split("/")[0] in tops:
      assert (ROOT / path).exists(), path


def spans_of(page: pathlib.Path, form: str) -> list[str]:
  """What stands between backticks in a page's sentences and has this form."""
  text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
  return re.findall(rf"`({form})(?:\([^`]*\))?`", text)


@pytest.mark.parametrize("page", (ROOT / "docs" / "reference").glob("*.md"))
def test_the_reference_has_every_module_of_its_room(page):
  told = re.findall(r"^::: (\S+)$", page.read_text(), re.M)
  files = HOUSE.modules_in(page.stem)
  assert told == [m for m in files if HOUSE.files[m].name != "__init__.py"]


def test_docstrings_become_pages_as_they_are():
  spec = importlib.util.spec_from_file_location(
    "plain_docstrings", ROOT / "docs" / "plain_docstrings.py"
  )
  plain = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(plain)
  text = "Of <a>.\n\n  x   <b>\n\n  y\n\nArgs:\n  x: of <c> and `<d>`.\n"
  made = plain.as_markdown(text)
  assert made.splitlines()[0] == "Of &lt;a>."
  assert "\n    x   <b>\n\n    y\n" in made
  assert made.endswith("\nArgs:\n  x: of &lt;c> and `<d>`.")


def test_a_notebook_leads_to_colab_where_an_address_is_set():
  pytest.importorskip("mkdocs", reason="needs the extra docs")
  spec = importlib.util.spec_from_file_location(
    "guides", ROOT / "docs" / "guides.py"
  )
  guides = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(guides)
  (file,) = (ROOT / "colabs").glob("1_*.ipynb")
  assert "Colab](" not in guides.as_markdown(file, github="")
  page = guides.as_markdown(file, github="some/where")
  assert f"/github/some/where/blob/main/colabs/{file.name})" in page
  assert 'github: ""' in (ROOT / "mkdocs.yml").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> pathlib.Path:
  pytest.importorskip("material", reason="needs the extra docs")
  out = tmp_path_factory.mktemp("site")
  done = subprocess.run(
    [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(out)],
    capture_output=True,
    text=True,
    cwd=ROOT,
    env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
  )
  assert done.returncode == 0, done.stderr
  return out


@pytest.mark.slow
def test_the_pages_build_strictly(site):
  for page in GUIDE:
    built = page.relative_to(ROOT / "docs").with_suffix(".html")
    assert (site / built).exists()


@pytest.mark.slow
def test_a_page_fetches_nothing(site):
  for file in site.rglob("*.html"):
    text = file.read_text()
    fetched = re.findall(
      r'<(?:script|img|iframe)[^>]* src="(https?:[^"]*)"', text
    )
    fetched += re.findall(r'<link[^>]* href="(https?:[^"]*)"', text)
    assert not fetched, file
