"""Pages of a cell broadcast message (3GPP TS 23.041 §9.4.2.2): at most fifteen of 82 octets, 93 characters of GSM-7 or 41 of UCS-2 each."""

from typing import Final

PAGE_OCTETS: Final = 82
MAX_PAGES: Final = 15
MAX_CHARS_GSM7: Final = 93 * MAX_PAGES
MAX_CHARS_UCS2: Final = 41 * MAX_PAGES

# GSM 03.38 §6.2.1, the basic alphabet without the escape; Latin text with any other character travels as UCS-2.
_GSM7 = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")


def is_gsm7(text: str) -> bool:
    """Whether the text can be said in the GSM basic alphabet."""
    return all(character in _GSM7 for character in text)


def pages_of(text: str, *, ucs2: bool = False) -> list[str]:
    """The text cut into pages (``ucs2``: also where GSM-7 would do); a character outside the basic plane (two UTF-16 units) is never cut in two. Raises ValueError past fifteen."""
    if is_gsm7(text) and not ucs2:
        pages = [text[start:start + 93] for start in range(0, len(text), 93)]
    else:
        pages = []
        page, units = "", 0
        for character in text:
            width = 2 if ord(character) > 0xFFFF else 1
            if units + width > 41:
                pages.append(page)
                page, units = "", 0
            page += character
            units += width
        pages.append(page)
    if len(pages) > MAX_PAGES:
        raise ValueError(f"{len(pages)} pages are more than the {MAX_PAGES} of a broadcast message")
    return pages or [""]
