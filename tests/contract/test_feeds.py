"""The contract of the feeds room. Every reader and source in feeds/ is found by its form; one without a recording fails.

A *source* is a file with ``Options`` and ``Source``; its recording is ``tests/feeds/recordings/<kind>/`` with ``options.json``
(paths relative to that folder), the files, and ``expected.json``: file and run time of each payload, in order. What it fetches from
others stands in ``served/`` (by a web server) and ``published.json`` (by a broker), and is given to it by real ones.
A *reader* is a file with ``MAGIC`` and ``read``; beside each recorded file ``x`` stands ``x.json``, its inventory by hand.
"""

import ast
import asyncio
import importlib
import inspect
import json
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import aiomqtt
import pytest
from pydantic import BaseModel, ValidationError

from feeds.format import READERS, sniff
from feeds.inventory import as_json, inventory
from feeds.payload import Payload
from feeds.reading import Contents, data_time
from tests.feeds.brokered import brokered
from tests.feeds.served import serving

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests/feeds/recordings"
NOW = datetime(2024, 9, 19, 20, tzinfo=UTC)


def names_of(path: Path) -> set[str]:
    """What a file defines at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


FILES = {path.stem: names_of(path) for path in sorted((ROOT / "feeds").glob("*.py"))}
# The protocol itself is called Source too and has no Options.
SOURCES = [kind for kind, names in FILES.items() if "Options" in names or ("Source" in names and kind != "payload")]
FORMATS = [kind for kind, names in FILES.items() if "MAGIC" in names]


def module(kind: str) -> ModuleType:
    return importlib.import_module(f"feeds.{kind}")


def recording(kind: str) -> Path:
    folder = RECORDINGS / kind
    if not folder.is_dir() or not any(folder.iterdir()):
        pytest.fail(f"feeds/{kind}.py has no recording; put one into {folder.relative_to(ROOT)}")
    return folder


@asynccontextmanager
async def peers(folder: Path) -> AsyncIterator[Callable[[str], str]]:
    """What stands at the other end: a web server for ``served/``, a broker for the messages of ``published.json``. What is given
    fills ``{server}`` and ``{broker}`` in the recording's own files."""
    filled: dict[str, str] = {}

    def fill(text: str) -> str:
        for name, value in filled.items():
            text = text.replace(name, value)
        return text

    async with AsyncExitStack() as stack:
        if (folder / "served").is_dir():
            filled["{server}"] = stack.enter_context(serving(folder / "served")).url
        if (folder / "published.json").is_file():
            port = await stack.enter_async_context(brokered())
            filled['"{broker}"'] = str(port)
            async with aiomqtt.Client("127.0.0.1", port) as publisher:
                for number, message in enumerate(json.loads(fill((folder / "published.json").read_text()))):
                    await publisher.publish(f"cache/a/wis2/{number:02d}", json.dumps(message), qos=1, retain=True)
        yield fill


def test_the_known_ones_are_found() -> None:
    assert {"folder", "replay", "http", "ecmwf", "gfs", "wis2"} <= set(SOURCES)
    assert {"grib", "netcdf", "micaps", "bufr"} <= set(FORMATS)


@pytest.mark.parametrize("kind", SOURCES)
def test_the_options_of_a_source_are_closed_and_each_is_described(kind: str) -> None:
    options: type[BaseModel] = module(kind).Options
    assert issubclass(options, BaseModel)
    assert options.model_config.get("extra") == "forbid"
    assert options.model_config.get("frozen")
    for name, field in options.model_fields.items():
        assert field.description, f"feeds/{kind}.py: option {name} has no description"
    with pytest.raises(ValidationError):
        options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_is_made_from_its_options_a_name_and_the_clock(kind: str) -> None:
    source: Any = module(kind).Source
    parameters = inspect.signature(source).parameters
    assert next(iter(parameters)) == "options"
    assert {"name", "now", "sleep"} <= set(parameters)
    assert all(parameter.kind is parameter.KEYWORD_ONLY for name, parameter in parameters.items() if name != "options")
    assert all(parameter.default is not parameter.empty for name, parameter in parameters.items() if name not in ("options", "name", "now"))
    assert inspect.isasyncgenfunction(source.payloads)


@pytest.mark.parametrize("kind", SOURCES)
async def test_a_source_hands_on_its_recording(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(recording(kind), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    expected = json.loads((tmp_path / "expected.json").read_text())
    assert expected
    got: list[Payload] = []
    async with asyncio.timeout(60), peers(tmp_path) as filled:
        options = module(kind).Options.model_validate(json.loads(filled((tmp_path / "options.json").read_text())))
        payloads: AsyncGenerator[Payload] = module(kind).Source(options, name="recorded", now=lambda: NOW).payloads()
        async with aclosing(payloads) as handed:
            async for payload in handed:
                got.append(payload)
                if len(got) == len(expected):
                    break
    assert [{"file": one.path.name, "run_time": one.run_time.isoformat() if one.run_time else None} for one in got] == expected
    for one in got:
        assert one.source == "recorded"
        assert one.fetched_at == NOW
        assert len(one.checksum) == 64
        assert one.path.is_file()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_reader_has_the_one_form_and_is_registered(kind: str) -> None:
    parameters = list(inspect.signature(module(kind).read).parameters.values())
    assert [one.name for one in parameters[:3]] == ["path", "source", "checksum"]
    assert all(one.name == "wanted" and one.default is None for one in parameters[3:]), "a reader may be asked for less, never must"
    assert inspect.isgeneratorfunction(module(kind).read)
    assert [(name, magic, read) for name, magic, read in READERS if name == kind] == [(kind, module(kind).MAGIC, module(kind).read)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_reader_finds_in_its_recording_what_stands_beside_it(kind: str) -> None:
    files = [path for path in recording(kind).iterdir() if path.suffix != ".json"]
    assert files
    for path in files:
        assert sniff(path) == kind
        expected = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
        rows = [json.loads(json.dumps(as_json(row))) for row in inventory(path)]
        assert [{key: row[key] for key in wanted} for row, wanted in zip(rows, expected, strict=True)] == expected


@pytest.mark.parametrize("kind", FORMATS)
def test_a_field_of_a_reader_tells_where_it_is_from(kind: str) -> None:
    path = next(path for path in sorted(recording(kind).iterdir()) if path.suffix != ".json")
    readings = list(module(kind).read(path, source="recorded", checksum="0f"))
    contents = Contents.of(readings)
    assert readings
    for numbered in (contents.fields, contents.tracks):
        assert [one.provenance.index for one in numbered] == list(range(1, len(numbered) + 1))
    for reading in readings:
        assert (reading.provenance.source, reading.provenance.path, reading.provenance.checksum) == ("recorded", str(path), "0f")
        assert reading.provenance.original
        assert data_time(reading).utcoffset() == NOW.utcoffset()
    for field in contents.fields:
        assert field.values.shape == field.grid.shape
        assert field.valid_time.utcoffset() == NOW.utcoffset()


@pytest.mark.parametrize("kind", [*SOURCES, *FORMATS])
def test_an_adapter_imports_no_other_adapter(kind: str) -> None:
    adapters = {*SOURCES, *FORMATS} - {kind}
    imported: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "feeds" / f"{kind}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module.removeprefix("feeds."), *(name.name for name in node.names if node.module == "feeds")}
        elif isinstance(node, ast.Import):
            imported |= {name.name.removeprefix("feeds.") for name in node.names}
    assert not imported & adapters


def test_the_room_imports_nothing_of_ours_but_geo() -> None:
    ours = {"warning", "channels", "config"}
    for path in (ROOT / "feeds").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in modules} & ours, path.name
