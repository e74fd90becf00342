"""Both: one text in Chinese and English, as rule files and packs give it; a language that is missing is refused by its name."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Both(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _two(cls, found: object) -> object:
        if isinstance(found, str):
            raise ValueError("is in one language; say it in both: {zh: …, en: …}")
        return found


def joined(texts: Iterable[Both]) -> Both:
    """Several in one, as a list of citations."""
    listed = list(texts)
    return Both(zh="；".join(one.zh for one in listed), en="; ".join(one.en for one in listed))
