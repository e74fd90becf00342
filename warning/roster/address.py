"""Address: what stands in a roster's cell, as its channel wants it; or what is wrong with it."""

import re
import unicodedata

from channels.wire.ssrf import BadTarget, check_url

_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_TOPIC = re.compile(r"[^#+\x00]{1,200}")


class BadAddress(ValueError):
    """The key of what is wrong, see roster.fault."""


def address(kind: str, cell: str, *, allow_private: bool) -> str:
    """In the one form in which it is kept. Raises BadAddress."""
    match kind:
        case "sms" | "voice":
            return phone(cell)
        case "email":
            if not _MAIL.fullmatch(cell):
                raise BadAddress("mail")
        case "webhook":
            try:
                check_url(cell, allow_private=allow_private)
            except BadTarget as error:
                raise BadAddress("url") from error
        case "mqtt" | "display" if not _TOPIC.fullmatch(cell):
            raise BadAddress("topic")
    return cell


def phone(cell: str) -> str:
    """Digits with the country code: ``138 1234 5678``, ``+86 138…`` and ``021-6438 6700`` are written by people as they are. Raises BadAddress.

    Behind ``+`` or ``00`` stands a country code, so ``+1 380 013 8000`` is nobody's in China.
    """
    plain = re.sub(r"[\s()\-－—.]", "", unicodedata.normalize("NFKC", cell).removesuffix(".0"))
    digits, abroad = plain.removeprefix("+").removeprefix("00"), plain.startswith(("+", "00"))
    if not abroad and re.fullmatch(r"1[3-9]\d{9}", plain):
        return f"86{plain}"
    if not abroad and re.fullmatch(r"0\d{9,11}", plain):
        return f"86{plain[1:]}"
    if not re.fullmatch(r"[1-9]\d{7,14}", digits):
        raise BadAddress("phone")
    return digits
