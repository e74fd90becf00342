"""Marked YAML: plain data from a YAML file, with the line on which every key stands."""

from pathlib import Path

import yaml

from feeds.errors import OverrideError

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
Key = tuple[str | int, ...]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser where it is built in


def load(path: Path) -> tuple[Data, dict[Key, int]]:
    """The data, and for each key path (``("overrides", 0, "match")``) its line, counted from 1.

    Raises OverrideError with file and line for what is no YAML, for a key that is no text, and for a key given twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as fault:
        raise OverrideError(f"{path}: no such file; name an existing one") from fault
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        lines: dict[Key, int] = {}
        return (_plain(loader, root, (), lines, path) if root is not None else None), lines
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise OverrideError(f"{path}:{line}: not YAML: {fault.problem}; look at this line and the one before") from fault
    finally:
        loader.dispose()


def _plain(loader: yaml.SafeLoader, node: yaml.Node, key: Key, lines: dict[Key, int], path: Path) -> Data:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*key, at), lines, path) for at, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Data] = {}
        for name_node, value in node.value:
            name, line = name_node.value, name_node.start_mark.line + 1
            if not isinstance(name, str):
                raise OverrideError(f"{path}:{line}: a key must be text")
            if name in found:
                raise OverrideError(f"{path}:{line}: key {name!r} is given twice; keep one")
            lines[(*key, name)] = line
            found[name] = _plain(loader, value, (*key, name), lines, path)
        return found
    scalar: Data = loader.construct_object(node)
    return scalar
