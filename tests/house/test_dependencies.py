"""What is installed with the product: pinned, and under a licence that goes with Apache-2.0."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
WEAK_COPYLEFT = {
    "psycopg": "LGPL-3.0: a library of its own, unchanged", "psycopg-binary": "LGPL-3.0: the same, compiled",
    "psycopg-pool": "LGPL-3.0: the same", "certifi": "MPL-2.0: a list of certificates", "bidict": "MPL-2.0: of NiceGUI's socket library",
    "orjson": "MPL-2.0, or Apache-2.0 or MIT for what is not its own",
    "docutils": "public domain and BSD; the GPL is that of an editor's mode, which the wheel does not hold",
}
"""Copyleft that ends at the library's own files; each with its reason. Strong copyleft (GPL, AGPL) has no list."""


def closure() -> set[str]:
    """Everything that ``pip install xiaoxishu[demo]`` brings, as far as it is installed here."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["demo"]])
    waiting = [(one.name, frozenset(one.extras)) for one in asked]
    while waiting:
        name, extras = waiting.pop()
        try:
            wanted = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another system or another Python
        if (plain(name), extras) in seen:
            continue
        seen.add((plain(name), extras))
        found.add(plain(name))
        for one in map(Requirement, wanted):
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                waiting.append((one.name, frozenset(one.extras)))
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(name: str) -> str:
    about = distribution(name).metadata
    classifiers = [value for value in about.get_all("Classifier") or [] if value.startswith("License")]
    told = [*(about.get_all("License-Expression") or []), *(one[:80] for one in about.get_all("License") or [])]
    return " | ".join(filter(None, [*told, *classifiers]))


def test_every_package_that_comes_with_the_product_is_pinned() -> None:
    pinned = {plain(line.partition("==")[0]) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line}
    assert sorted(closure() - pinned) == []


def test_no_package_that_comes_with_the_product_has_a_licence_that_does_not_go_with_ours() -> None:
    assert len(closure()) > 50
    wrong = {}
    for name in sorted(closure()):
        told = licence(name)
        if re.search(r"(?<!L)GPL|General Public|MPL|Mozilla|proprietary", told, re.IGNORECASE) or re.search(r"LGPL|Lesser", told):
            wrong[name] = told
    assert {name: told for name, told in wrong.items() if name not in WEAK_COPYLEFT} == {}


def test_no_exception_is_kept_that_nothing_needs() -> None:
    assert sorted(set(WEAK_COPYLEFT) - closure()) == []
