"""Marked: a YAML document that remembers on which line each key stands, so that a wrong file can be refused by line."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from warning.errors import ConfigError, RuleError

Loc = tuple[int | str, ...]
M = TypeVar("M", bound=BaseModel)
Refusal = type[ConfigError] | type[RuleError]
# libyaml's parser where it is built in: every process that starts reads thousands of lines of rules, ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """``data`` is the plain document; ``lines`` maps the way to a key, ``("rows", 2, "level")``, to its line (from 1)."""

    name: str
    data: object
    lines: dict[Loc, int]

    def line(self, loc: Sequence[int | str]) -> int:
        """The line of ``loc``, or of the nearest thing around it that the file has."""
        way = tuple(loc)
        while way and way not in self.lines:
            way = way[:-1]
        return self.lines.get(way, 1)

    def where(self, loc: Sequence[int | str]) -> str:
        """``file:line: rows[2].level``."""
        return f"{self.name}:{self.line(loc)}: {key_of(loc)}"


def shipped() -> Traversable:
    """The ``config/`` folder that comes with the product, beside the package ``warning``.

    Not ``files("config")``: a namespace package of an editable install has a placeholder in its path, on which
    importlib.resources of Python 3.11 stumbles.
    """
    return files("warning") / ".." / "config"


def key_of(loc: Sequence[int | str]) -> str:
    """``("rows", 2, "level")`` → ``rows[2].level``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(the whole file)"


def read_marked(source: Path | Traversable, *, refusal: Refusal) -> Marked:
    """Read one YAML document. Raises ``refusal`` naming file, line and key: no file, no YAML, a key given twice."""
    name = str(source)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(f"{name}:1: (the whole file): cannot be read ({error}); give a UTF-8 YAML file") from error
    return _parsed(name, text, refusal)  # type: ignore[arg-type]  # a class is as hashable as its name


@lru_cache(maxsize=64)
def _parsed(name: str, text: str, refusal: Refusal) -> Marked:
    """The same text again is the same document, which nobody changes: a process may open the product many times, as tests do."""
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise refusal(f"{name}:1: (the whole file): is empty")
        lines: dict[Loc, int] = {}
        _mark(node, (), name, lines, refusal)
        return Marked(name=name, data=loader.construct_document(node), lines=lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        raise refusal(f"{name}:{line}: (the whole file): is not YAML: {error.problem}; mend the line") from error
    except yaml.YAMLError as error:
        raise refusal(f"{name}:1: (the whole file): is not YAML: {error}") from error
    finally:
        loader.dispose()


def check(marked: Marked, model: type[M], *, refusal: Refusal) -> M:
    """The document as ``model``; raises ``refusal`` with one line per fault: file, line, key, what is wrong, the mend."""
    try:
        return model.model_validate(marked.data)
    except ValidationError as error:
        faults = [_fault(marked, fault["loc"], fault["type"], fault["msg"], fault["input"], model) for fault in error.errors()]
        raise refusal("\n".join(faults)) from error


def _fault(marked: Marked, loc: Loc, kind: str, message: str, found: object, model: type[BaseModel]) -> str:
    if kind == "extra_forbidden":
        known = sorted(_keys(model))
        near = difflib.get_close_matches(str(loc[-1]), known, n=1)
        message = f"no such key; did you mean {near[0]!r}?" if near else "no such key; take it out"
    elif kind == "missing":
        message = "this key is missing; add it"
    elif kind != "value_error" and isinstance(found, str | int | float):
        message = f"{message}; the file has {found!r}"
    return f"{marked.where(loc)}: {message.removeprefix('Value error, ')}"


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that a document of ``model`` may have, at any depth: what a typo is compared with."""
    found: set[str] = set()

    def walk(schema: object) -> None:
        if isinstance(schema, dict):
            properties = schema.get("properties")
            if isinstance(properties, dict):
                found.update(map(str, properties))
            for part in schema.values():
                walk(part)
        elif isinstance(schema, list):
            for part in schema:
                walk(part)

    walk(model.model_json_schema())
    return found


def _mark(node: yaml.Node, way: Loc, name: str, lines: dict[Loc, int], refusal: Refusal) -> None:
    lines.setdefault(way, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            here = (*way, str(key.value))
            if here in lines:
                raise refusal(f"{name}:{line}: {key_of(here)}: given twice (first on line {lines[here]}); keep one")
            lines[here] = line
            _mark(value, here, name, lines, refusal)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _mark(value, (*way, index), name, lines, refusal)
