"""The house rules that a machine can look at."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("geo", "feeds", "channels", "warning")
LONGER = {
    "config/rules/national-2007.yaml": "a table: every row of a national standard",
    "config/schema/CAP-v1.2.xsd": "of OASIS, as published",
    "LICENSE": "as published",
    "constraints.txt": "one line a package",
}
"""Files past 400 lines, each with its reason."""
BROAD = ("desk.py", "server.py", "serve.py")
"""Where ``except Exception`` may stand: it writes a row there."""
FACTS = dict.fromkeys(("warning/web/pages.py", "warning/web/sheets.py"), "what a page is told has the template's own names")
"""Files that may take ``**facts``, each with its reason."""
SLEEPS = {"warning/store/server.py": "in a thread, while PostgreSQL starts and before there is a loop to hold up"}
"""Files that may wait the blocking way, each with its reason."""
HOSTS = ("pypi" + ".org", "files.python" + "hosted", "pypi.tuna", "mirrors.ali" + "yun", "mirrors.tencent", "npm" + "js.org", "npm" + "mirror")
MACHINE = re.compile(r"(?<![\w.:/-])/(?:work|root|home/\w+)/")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:  # an archive without its history: everything but what is made
        made = {".venv", "var", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "__pycache__"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@cache
def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@cache
def product() -> list[tuple[str, ast.Module]]:
    """Read and parsed once; nobody changes the trees."""
    return [(name, ast.parse(text)) for name, text in texts() if name.endswith(".py") and name.split("/")[0] in ROOMS]


def test_no_file_is_past_400_lines_without_a_reason() -> None:
    long = {name: text.count("\n") for name, text in texts() if text.count("\n") > 400}
    assert {name: lines for name, lines in long.items() if name not in LONGER} == {}


def test_every_public_module_says_its_duty() -> None:
    assert [name for name, tree in product() if not ast.get_docstring(tree) and not name.rsplit("/", 1)[-1].startswith("_")] == []


def test_nothing_is_imported_inside_a_function_or_for_type_checking_only() -> None:
    found = []
    for name, tree in product():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [f"{name}:{inner.lineno}" for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
            if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING":
                found.append(f"{name}:{node.lineno}")
    assert found == []


def test_a_broad_catch_stands_only_in_a_desk_the_server_or_the_command_line() -> None:
    found = []
    for name, tree in product():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type is not None else "everything"
                if caught in ("everything", "Exception", "BaseException") and name.rsplit("/", 1)[-1] not in BROAD:
                    found.append(f"{name}:{node.lineno} catches {caught}")
    assert found == []


def test_product_code_never_sleeps_the_blocking_way() -> None:
    found = [f"{name}:{node.lineno}" for name, tree in product() for node in ast.walk(tree)
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep" and name not in SLEEPS]
    assert found == []


def test_no_bag_of_arguments() -> None:
    found = [f"{name}:{node.lineno} {node.name}" for name, tree in product() for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.kwarg is not None and name not in FACTS]
    assert found == []


def test_no_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    here = "tests/house/test_code.py"
    found = [f"{name}: {host}" for name, text in texts() for host in HOSTS if host in text.lower() and name != here]
    found += [f"{name}: {match.group()}" for name, text in texts() if name != here for match in MACHINE.finditer(text)]
    assert found == []


def test_every_setting_is_read_somewhere() -> None:
    settings = ast.parse((ROOT / "warning" / "settings.py").read_text(encoding="utf-8"))
    fields = {
        (owner.name, line.target.id)
        for owner in settings.body if isinstance(owner, ast.ClassDef)
        for line in owner.body if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    holders = {
        "RetrySettings": ("retry",), "ChannelSettings": ("channel",), "RouteSettings": ("route",), "FeedSettings": ("feed",),
        "ZoneSettings": ("wanted",), "LimitSettings": ("limits",), "SigningSettings": ("settings.signing",), "SigningKeySettings": ("one",), "PartnerSettings": ("partner",),
        "CanarySettings": ("canary",), "HeartbeatSettings": ("heartbeat",), "ListenerSettings": ("listener",),
        "OidcSettings": ("wanted",), "FastLaneSettings": ("rule",), "ExportSettings": ("wanted",), "PluginSettings": ("settings.plugin",), "MapSettings": ("settings", "self._settings", "settings.map"), "Settings": ("settings", "self._settings")}
    read = {ast.unparse(node) for name, tree in product() if name != "warning/settings.py"
            for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    unread = [f"{owner}.{field}" for owner, field in sorted(fields)
              if not any(one == f"{holder}.{field}" or one.endswith(f".{holder}.{field}") for holder in holders[owner] for one in read)]
    assert unread == []


@pytest.mark.timeout(300)
def test_the_rooms_import_only_downwards() -> None:
    done = subprocess.run([str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
