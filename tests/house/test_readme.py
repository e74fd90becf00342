"""What README and docs name exists: commands, options, make targets, files, and API paths."""

import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from warning.cli.entry import COMMANDS, cli, loaded
from warning.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").rglob("*.md")])


@cache
def known() -> dict[str, set[str]]:
    """Every subcommand with its options."""
    return {name: {"--help", *(option for part in (one, *(one.commands.values() if isinstance(one, TyperGroup) else ()))
                               for parameter in part.params for option in (*parameter.opts, *parameter.secondary_opts))}
            for name, one in ((name, loaded(name)) for name in COMMANDS)}


def code(page: Path) -> list[str]:
    """Lines of code blocks and inline code of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]


def faults(words: list[str]) -> list[str]:
    """What is wrong with ``xiaoxishu …``; the words after a bare ``--help`` are not looked at."""
    if not words or words[0] == "--help":
        return []
    commands = known()
    if words[0] not in commands:
        return [f"no subcommand {words[0]!r}"]
    asked = [word.strip("[]").split("=")[0] for word in words[1:] if word.strip("[").startswith("-")]
    return [f"xiaoxishu {words[0]} has no {option}" for option in asked if option not in commands[words[0]]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    found: list[str] = []
    for line in code(page):
        started = re.match(r"^(?:\S*/)?xiaoxishu( .*)?$", line.split("#")[0].strip())
        if started and started[1]:
            found += faults(shlex.split(started[1]))
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_of_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in code(page):
        asked = re.match(r"^make (\w+)(?: ARGS=\"([^\"]*)\")?", line.strip())
        if asked is None:
            continue
        assert asked[1] in targets, line
        if asked[1] == "demo" and asked[2]:
            assert faults(["demo", *shlex.split(asked[2])]) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_points_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if not re.match(r"\w+:", link) and not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_ours_that_a_page_names_exists(page: Path) -> None:
    named = [word for line in code(page) for word in re.findall(r"\b(?:geo|feeds|channels|warning|config|tests|docs)/[\w./*-]+", line)]
    named = [re.sub(r"(?<=/)(\w+)\.(?!py\b|md\b|yaml\b|xsd\b|json\b)\w+$", r"\1.py", name) for name in named]  # module.function
    gone = [name for name in named if "<" not in name and not list(ROOT.glob(name.rstrip("./") if "*" in name else name.rstrip("/.")))
            and not name.endswith(("bench_", "/"))]
    assert gone == []


def test_the_harmless_commands_of_the_readme_run() -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exit_code == 0, done.output
        return done.stdout

    told = run("--help")
    assert all(name in told for name in ("demo", "fields", "rules", "settings", "web", "work", "account"))
    assert "暴雨" in run("rules", "--set", "shanghai")
    assert json.loads(run("rules", "--set", "national", "--json").splitlines()[0])
    assert set(json.loads(run("settings"))["properties"]) == set(Settings.model_fields)


def test_a_wrong_command_ends_with_a_sentence_and_no_traceback() -> None:
    """In a process of its own: what the operator's shell sees."""
    done = subprocess.run(
        [sys.executable, "-m", "warning.cli", "web", "--config", "no-such-file.yaml"], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("xiaoxishu: no-such-file.yaml: cannot be read")
