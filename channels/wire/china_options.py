"""Options that the three operators' channels share."""

from typing import Literal

from pydantic import Field

from channels.wire.sms_channel import SmsOptions


class ChinaOptions(SmsOptions):
    """An account by contract."""

    window: int = Field(default=16, ge=1, le=10_000, description="submits that may be unanswered at one time, by contract (16 or 32)")
    source: str = Field(pattern=r"^[0-9]{1,20}$", description="the number that handsets show: the access number of the contract with its extension")
    service: str = Field(default="", pattern=r"^[!-~]{0,10}$", description="service code of the contract")
    coding: Literal["ucs2", "gbk"] = Field(default="ucs2", description="Chinese texts as UCS-2, which every handset reads, or GBK where the contract asks for it")
    reports: bool = Field(default=True, description="ask the gateway for a status report of each part")
