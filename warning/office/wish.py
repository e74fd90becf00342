"""What an office may ask its desk for, as it comes through the door."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from channels.message import Lane
from warning.dispatch.subscribe import WebhookSecret


class Ahead(BaseModel):
    """A place and what is wanted of it, before anything is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hazards: tuple[str, ...] = Field(default=(), description="hazard keys; empty and no sectors = every hazard")
    sectors: tuple[str, ...] = Field(default=(), description="sectors: the hazards that concern them")
    min_level: str = Field(default="blue", description="blue, yellow, orange or red")
    zones: tuple[str, ...] = Field(default=(), description="zone codes")
    polygon: dict[str, object] | None = Field(default=None, description="GeoJSON Polygon or MultiPolygon, WGS 84")
    lane: Lane | None = Field(default=None, description="exercise or actual; empty = as this deployment issues")


class Changes(BaseModel):
    """What is named is changed, the rest stays. ``polygon: null`` takes the polygon away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", min_length=1, max_length=100)
    address: str = Field(default="", max_length=2000)
    hazards: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    min_level: str = ""
    zones: tuple[str, ...] = ()
    polygon: dict[str, object] | None = None
    language: Literal["zh-CN", "en-US"] = "zh-CN"
    form: Literal["json", "cap"] = "json"
    escalates_to: int | None = None
    standby: bool = False

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class NewContact(BaseModel):
    """One that exists (``id``), or a new one by name, channel and address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int | None = None
    name: str = Field(default="", max_length=100)
    channel: str = ""
    address: str = Field(default="", max_length=2000)
    secret: WebhookSecret = ""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.id is None and not (self.name and self.channel):
            raise ValueError("a new contact has a name, a channel and an address; one that exists has its id")
        return self


class NewPause(BaseModel):
    """``cover``: the number of the subscription of the same office that is told meanwhile; empty = nobody is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    cover: int | None = None
