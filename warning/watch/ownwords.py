"""Own words: the template libraries that authorities have of their own, read and checked at start."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from warning.errors import ConfigError
from warning.watch.issuer import Issuer
from warning.watch.ready import LANGUAGES
from warning.wording import Wording


def with_wordings(issuers: Iterable[Issuer], *, folder: Path) -> list[Issuer]:
    """Each issuer with the libraries of ``folder/<issuer.texts>``; a language without a file is worded by the shared library.

    Raises ConfigError for a folder that holds none, and for a library that is not right (file, line, key).
    """
    return [_with(issuer, folder / issuer.texts) if issuer.texts else issuer for issuer in issuers]


def _with(issuer: Issuer, own: Path) -> Issuer:
    files = {language: own / f"{language}.yaml" for language in LANGUAGES}
    wordings = {language: Wording.load(language, source=file) for language, file in files.items() if file.is_file()}
    if not wordings:
        raise ConfigError(f"issuers.yaml: {issuer.code}: texts: {own} holds none of {', '.join(f'{language}.yaml' for language in LANGUAGES)}")
    return replace(issuer, wordings=wordings)
