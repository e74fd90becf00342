"""Typeface: the letters that one PDF needs, cut out of the font of the pictures, and embedded so that every reader shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

import pydyf
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from geo.picture_text import font_file

_NAME = "/AAAAAA+NotoSansSC-Regular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeface:
    """``cff``: the outlines as PDF embeds them; ``numbers`` of the letters in it; ``widths`` by number and the ``box`` in thousandths of the size."""

    cff: bytes
    numbers: Mapping[str, int]
    widths: Mapping[int, int]
    box: tuple[int, int, int, int]

    def shown(self, text: str) -> str:
        """``text`` as a string of this font; what the font has no letter for is its empty box."""
        return "<" + "".join(f"{self.numbers.get(letter, 0):04x}" for letter in text) + ">"


    def length(self, text: str) -> float:
        """In sizes of the letters."""
        return sum(self.widths.get(self.numbers.get(letter, 0), 1000) for letter in text) / 1000


def typeface(texts: Iterable[str]) -> Typeface:
    """Exactly the letters of ``texts``. Raises FontMissing."""
    options = Options()
    options.layout_features = []
    options.notdef_outline = True
    with TTFont(font_file(), lazy=True) as font:
        cutter = Subsetter(options)
        cutter.populate(text="".join(sorted({letter for text in texts for letter in text})))
        cutter.subset(font)
        whole = BytesIO()
        font.save(whole)
    whole.seek(0)
    with TTFont(whole) as cut:
        names = cut.getBestCmap()
        # The font is keyed by CID: its glyphs are called cid00001 and so on, and PDF asks for them by that number.
        numbers = {chr(code): int(name[3:]) for code, name in names.items()}
        per_em = cut["head"].unitsPerEm
        widths = {int(name[3:]): round(1000 * cut["hmtx"][name][0] / per_em) for name in names.values()}
        head = cut["head"]
        box = tuple(round(1000 * edge / per_em) for edge in (head.xMin, head.yMin, head.xMax, head.yMax))
        return Typeface(cff=cut.reader["CFF "], numbers=numbers, widths=widths, box=(box[0], box[1], box[2], box[3]))


def embedded(document: pydyf.PDF, face: Typeface) -> pydyf.Dictionary:
    """The font as objects of the document (ISO 32000-1 §9.7); the composite font is given back, for the page's resources."""
    outlines = pydyf.Stream([face.cff], extra={"Subtype": "/CIDFontType0C"}, compress=True)
    meaning = pydyf.Stream([_meaning(face.numbers)], compress=True)
    document.add_object(outlines)
    document.add_object(meaning)
    about = pydyf.Dictionary({
        "Type": "/FontDescriptor", "FontName": _NAME, "Flags": 4, "FontBBox": pydyf.Array(face.box), "ItalicAngle": 0, "Ascent": 880,
        "Descent": -120, "CapHeight": 733, "StemV": 80, "FontFile3": outlines.reference})
    document.add_object(about)
    widths = pydyf.Array([part for number, wide in sorted(face.widths.items()) for part in (number, pydyf.Array([wide]))])
    letters = pydyf.Dictionary({
        "Type": "/Font", "Subtype": "/CIDFontType0", "BaseFont": _NAME, "DW": 1000, "W": widths, "FontDescriptor": about.reference,
        "CIDSystemInfo": pydyf.Dictionary({"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0})})
    document.add_object(letters)
    font = pydyf.Dictionary({
        "Type": "/Font", "Subtype": "/Type0", "BaseFont": f"{_NAME}-Identity-H", "Encoding": "/Identity-H",
        "DescendantFonts": pydyf.Array([letters.reference]), "ToUnicode": meaning.reference})
    document.add_object(font)
    return font


def _meaning(numbers: Mapping[str, int]) -> bytes:
    """Which character each number stands for: what makes the text searchable and readable aloud."""
    lines = [f"<{number:04x}> <{letter.encode('utf-16-be').hex()}>" for letter, number in sorted(numbers.items(), key=lambda one: one[1])]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n/CMapName /Letters def /CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{body}\nendcmap CMapName currentdict /CMap defineresource pop end end").encode()
