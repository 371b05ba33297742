"""What the documents mention exists: commands, targets, settings, files, tests and links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from infra.settings import Settings
from tests.e2e.following import ROOT
from tests.e2e.naming import commands, resolves

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Names in capitals that are no settings of ours: other programs' variables, error codes, a misspelling on purpose.
FOREIGN = {"POSTGRES_PASSWORD", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
CODES = {"IDEMPOTENCY_KEY_REUSED", "SYNC_ERROR", "BACKWARD_TRANSITIVE", "OTHER_EPOCH"}
MISSPELT = {"KAFKA_TOPICS_PREFIX"}

_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|sql|md|avsc|yaml|txt))")
_FENCED = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_ASSIGNED = r"(?:[A-Z_]+=\S+ )*"
_WORD = r"[a-z]+(?:-[a-z]+)*"

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def typed(page: Path) -> Iterator[str]:
    """What a reader may type: inline code, the lines of sh blocks, and those after a prompt."""
    text = page.read_text()
    for language, lines in _FENCED.findall(text):
        for line in lines.splitlines():
            if language == "sh":
                yield line
            elif line.startswith("$ "):
                yield line[2:]
    yield from inline(page)


def inline(page: Path) -> list[str]:
    return _INLINE.findall(_FENCED.sub("", page.read_text()))


@each_page
def test_every_command_exists(page: Path) -> None:
    found = [re.match(rf"{_ASSIGNED}(?:\.venv/bin/)?jobstream ({_WORD}(?: {_WORD})*)", line) for line in typed(page)]
    named = [match[1].split() for match in found if match]
    assert [words for words in named if not resolves(words)] == []


@each_page
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    found = [re.match(rf"{_ASSIGNED}make ([a-z-]+)$", line) for line in typed(page)]
    assert {match[1] for match in found if match} <= targets


@each_page
def test_every_setting_exists(page: Path) -> None:
    settings = {name.upper() for name in Settings.model_fields}
    named = {name for line in typed(page) for name in re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)+)(?==|$)", line)}
    assert named - settings - FOREIGN - CODES - MISSPELT == set()


@each_page
def test_every_file_exists(page: Path) -> None:
    named = {name for name in inline(page) if _FILE.fullmatch(name)}
    inside = {path.name for path in ROOT.glob("*/**/*.py") if ".venv" not in path.parts}
    assert {name for name in named if not (ROOT / name).exists() and name not in inside} == set()


@each_page
def test_every_test_exists(page: Path) -> None:
    texts = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    defined = {name for text in texts for name in re.findall(r"def (test_\w+)", text)}
    assert {name for name in inline(page) if re.fullmatch(r"test_\w+", name)} <= defined


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _FENCED.sub("", page.read_text())):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in {_anchor(line) for line in linked.read_text().splitlines() if line.startswith("#")}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@each_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    assert not re.search(r"/(?:home|root|Users|work|tmp)/", page.read_text())


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_shows_an_example_when_asked_for_help(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*words, "--help"])
    assert shown.exit_code == 0
    examples = shown.output.partition("Example:")[2].split("Options:")[0]
    assert f"jobstream {' '.join(words)}".strip() in examples
