"""Synthetic studies and their pages, made once; tests only read them."""

from made_once import made_once
from planted_study import SIZES, TOKENS, Page, plant
import planted_tables
import pytest

from forgetting import report
from forgetting.report import evidence, fitted


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
  """A finished study of two domains, and its page."""
  return _reported(tmp_path_factory, "whole")


@pytest.fixture(scope="session")
def one_domain(tmp_path_factory):
  """A finished study of one domain, and its page."""
  return _reported(tmp_path_factory, "one", domains=("kjv",))


def _reported(factory, name, **options):
  """A planted study and its page, made by one process for all."""

  def make(folder):
    report.write(plant(folder, **options), tolerance=0.1)

  study = made_once(factory, name, make) / "toy"
  return study, Page((study / "report.html").read_text())


@pytest.fixture(scope="session")
def one_domain_laws(one_domain):
  """What that study's runs say, and the laws fitted to them."""
  read = evidence.read(one_domain[0])
  return read, fitted.fit_domains(read)


@pytest.fixture
def small(tmp_path):
  """Two cells of one domain: too few for any law, quick to report."""
  return plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:2])


@pytest.fixture
def few_draws(monkeypatch):
  """Fits that bootstrap less: for tests that ask for no interval's ends."""
  planted_tables.fewer_draws(monkeypatch)
