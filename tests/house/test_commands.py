"""The list of commands is what there is: every name loads, every command of a file is named, and the list costs no loading of the product."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from warning.cli.entry import COMMANDS, loaded

FOLDER = Path(__file__).parents[2] / "warning" / "cli"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_name_loads_a_command_that_is_hidden_where_the_list_has_no_words_for_it(name: str) -> None:
    found = loaded(name)
    assert found.help
    assert found.hidden is (not COMMANDS[name][1])
    assert len(COMMANDS[name][1]) <= 80


def test_every_command_of_every_file_is_named() -> None:
    there = {path.stem for path in FOLDER.glob("*.py") if "commands = typer.Typer" in path.read_text(encoding="utf-8")}
    assert {file for file, _ in COMMANDS.values()} == there
    for file in there:
        named = {name for name, (place, _) in COMMANDS.items() if place == file}
        group = typer.main.get_group(sys.modules[f"warning.cli.{file}"].commands)
        assert named == {file} or named == set(group.commands)
        assert isinstance(group, TyperGroup)


def test_the_list_of_commands_loads_neither_the_database_nor_the_pages_nor_the_grids() -> None:
    """In a process of its own: it took six seconds once."""
    code = ("import sys; from warning.cli.entry import cli; cli(args=['--help'], standalone_mode=False)\n"
            "print([name for name in ('sqlalchemy', 'nicegui', 'xarray', 'numba', 'geopandas') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=True)
    assert "sms-gateway" in done.stdout
    assert "sinks" not in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_worker_loads_no_page() -> None:
    code = "import sys, warning.cli.work; print([name for name in ('nicegui', 'fastapi', 'uvicorn') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
