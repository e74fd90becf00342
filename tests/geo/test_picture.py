"""Maps as PNG: what is unknown is seen as unknown, Chinese needs no font of the machine, the same input gives the same bytes."""

import io
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image

from geo.grid import Grid
from geo.picture import picture
from geo.picture_canvas import draw, fill, paint, rgb, strokes, wash, window, write
from geo.picture_layer import (
    Chip,
    Entry,
    Extent,
    FieldLayer,
    LabelLayer,
    Layer,
    Legend,
    LineLayer,
    PointLayer,
    ZoneLayer,
)
from geo.picture_png import png
from geo.picture_ramp import SCALES, Ramp, ramp
from geo.picture_text import font_file, lettering, width

# Degrees at the equator, one degree ten pixels: a window of 40 × 40 pixels over 4 × 4 degrees.
EXTENT = Extent(west=0, south=-2, east=4, north=2)
TWO = Ramp(title="rain", unit="mm", bounds=(1, 10), colours=("", "#00ff00", "#0000ff"))
GRID = Grid(kind="regular_ll", ny=4, nx=4, lat0=-1.5, lon0=0.5, dlat=1.0, dlon=1.0)


def blank() -> NDArray[np.uint8]:
    image = np.empty((40, 40, 3), dtype=np.uint8)
    wash(image, "#ffffff")
    return image


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_a_png_is_read_by_others_as_the_image_it_was() -> None:
    image = np.random.default_rng(1).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(png(image)), image)


def test_a_polygon_covers_pixels_by_area_and_its_hole_not_at_all() -> None:
    image = blank()
    ring = shapely.box(0.55, -1, 3, 1).difference(shapely.box(1, -0.5, 2, 0.5))
    fill(window(image, EXTENT), [ring], "#000000", 1.0)
    # From 0.55° the pixel of 0.5° to 0.6° is half covered; latitude 0.95 is row 10, latitude 0.05 row 19.
    assert image[10, 4:7, 0].tolist() == [255, 127, 0]
    assert image[19, 9:21, 0].tolist() == [0, *[255] * 10, 0]


def test_a_polygon_larger_than_the_window_fills_it_and_one_elsewhere_leaves_it() -> None:
    image = blank()
    fill(window(image, EXTENT), [shapely.box(50, 50, 60, 60)], "#000000", 1.0)
    assert image.min() == 255
    fill(window(image, EXTENT), [shapely.box(-50, -50, 60, 60)], "#000000", 1.0)
    assert image.max() == 0


def test_polygons_that_overlap_are_coloured_once() -> None:
    image = blank()
    fill(window(image, EXTENT), [shapely.box(0, -1, 2, 1), shapely.box(1, -1, 3, 1)], "#000000", 0.5)
    assert set(image[20, 1:29, 0].tolist()) == {127}


def test_a_line_is_as_wide_as_asked_and_soft_at_its_rim() -> None:
    image = blank()
    strokes(image, (np.array([-5.0]), np.array([10.0]), np.array([50.0]), np.array([10.0])), "#000000", 3.0)
    assert image[7:13, 20, 0].tolist() == [255, 127, 0, 0, 127, 255]
    draw(window(image, EXTENT), [shapely.box(1, -1, 3, 1)], "#000000", 1.0, 1.0)
    assert image[20, 10, 0] == 127
    assert image[20, 20, 0] == 255


def test_a_field_has_the_colours_of_its_classes_and_what_is_unknown_is_hatched() -> None:
    image, values = blank(), np.zeros((4, 4), dtype=np.float32)
    values[0, 0], values[0, 1], values[3, 3] = 1, 10, np.nan
    paint(window(image, EXTENT), FieldLayer(grid=GRID, values=values, ramp=TWO, opacity=1.0))
    assert image[35, 5].tolist() == [0, 255, 0]
    assert image[35, 15].tolist() == [0, 0, 255]
    assert image[15, 15].tolist() == [255, 255, 255]
    shades = {tuple(pixel) for pixel in image[:10, 30:].reshape(-1, 3).tolist()}
    assert shades == {rgb("#dfe3e8"), rgb("#6b7684")}


def test_a_field_across_the_date_line_is_drawn_on_both_sides() -> None:
    grid = Grid(kind="regular_ll", ny=1, nx=4, lat0=0.0, lon0=178.5, dlat=4.0, dlon=1.0)
    values = np.full((1, 4), 20, dtype=np.float32)
    for west in (178.0, -182.0):
        image = blank()
        paint(window(image, Extent(west=west, south=-2, east=west + 4, north=2)), FieldLayer(grid=grid, values=values, ramp=TWO, opacity=1.0))
        assert {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()} == {(0, 0, 255)}


def test_a_square_on_the_ground_is_a_square_on_the_map() -> None:
    at = window(np.zeros((300, 500, 3), dtype=np.uint8), Extent(west=120, south=59, east=122, north=61))
    # At 60° N a degree of longitude is half as long as one of latitude.
    assert at.scale / at.rise == pytest.approx(0.5, rel=1e-6)
    x, y = at.at(np.array([121.0]), np.array([60.0]))
    assert (x[0], y[0]) == (pytest.approx(250), pytest.approx(150))


def test_rainstorm_is_lettered_in_chinese_by_a_font_that_is_no_system_font() -> None:
    assert "pylopdf_fonts_zh_cn" in font_file().parts
    rain, storm = lettering("雨", 20)[0], lettering("暴", 20)[0]
    assert 0.2 < (rain > 127).mean() < 0.7
    # A character that the font lacks is drawn as one and the same box.
    lacking = lettering("\U000e0041", 20)[0]
    assert not np.array_equal(rain, lacking)
    assert rain.shape != storm.shape or not np.array_equal(rain, storm)
    assert width("暴雨", 20) == 40


def test_words_stand_on_their_base_line_and_may_run_out_of_the_picture() -> None:
    image = blank()
    write(image, "雨", 10, 30, size=20, colour="#000000")
    ink = np.argwhere(image[:, :, 0] < 128)
    assert 10 <= ink[:, 0].min() < ink[:, 0].max() <= 33
    assert 10 <= ink[:, 1].min() < ink[:, 1].max() < 30
    for x, y in ((-10, 5), (35, 45), (-100, -100), (100, 100)):
        write(image, "暴雨", x, y, size=20, colour="#000000", halo=2)


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_gets_darker_step_by_step_so_that_lightness_alone_tells_classes_apart(scale: str) -> None:
    made = ramp(scale, (1, 2, 5, 10, 20, 50), title="", unit="")
    assert made.colours[0] == ""
    # Relative luminance of WCAG 2: each class against the next.
    light = [_luminance(colour) for colour in made.colours[1:]]
    steps = [(a + 0.05) / (b + 0.05) for a, b in zip(light, light[1:], strict=False)]
    assert min(steps) > 1.25
    assert ramp(scale, (1, 2, 5), title="", unit="", low_is_dark=True).colours[0] == made.colours[-1]


def _luminance(colour: str) -> float:
    parts = np.array(rgb(colour)) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def test_a_ramp_whose_colours_do_not_fit_its_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rising bounds part 3 colours, not 2"):
        Ramp(title="t", unit="", bounds=(1, 2), colours=("#000000", "#ffffff"))
    with pytest.raises(ValueError, match="rising bounds"):
        Ramp(title="t", unit="", bounds=(2, 1), colours=("", "#000000", "#ffffff"))


def _warning(*more: Layer, size: tuple[int, int] = (800, 600)) -> bytes:
    values = np.linspace(0, 60, 16, dtype=np.float32).reshape(4, 4)
    district = shapely.box(1, -1, 3, 1)
    return picture(
        EXTENT,
        [FieldLayer(grid=GRID, values=values, ramp=ramp("rain", (0.1, 10, 20, 50), title="雨量", unit="mm")),
         ZoneLayer(geometries=[district], fill="#c4161c", line="#c4161c", width=3, hatched=True), LineLayer(geometries=[district], colour="#000000"),
         PointLayer(points=[(2, 0)], colour="#0b4fa8"), *more],
        title="暴雨红色预警信号", subtitle="奉贤区", chip=Chip(text="红色", background="#c4161c", ink="#ffffff"), size=size,
        legend=Legend(ramp=TWO, entries=[Entry(text="预警区域 warned area of two districts", fill="#f0c8ca", line="#c4161c"), Entry(text="unknown", hatched=True),
                                         Entry(text="gauge", fill="#0b4fa8", dot=True)], notes=["资料：1 km 网格"], mark="演练"))


def test_the_same_warning_gives_the_same_bytes_and_another_gives_others() -> None:
    first = _warning()
    assert first == _warning()
    image = decoded(first)
    assert image.shape == (600, 800, 3)
    # The chip is filled with the colour of the level.
    assert image[16, 18].tolist() == list(rgb("#c4161c"))
    assert first != _warning(LabelLayer(labels=[(2, 1.5, "浦东")]))


def test_of_two_labels_in_one_place_the_first_stands() -> None:
    one, both = ([(2.0, 1.5, "浦东")], [(2.0, 1.5, "浦东"), (2.01, 1.5, "奉贤")])
    assert _warning(LabelLayer(labels=one)) == _warning(LabelLayer(labels=both))
    assert _warning(LabelLayer(labels=[(200.0, 1.5, "远")])) == _warning()


def test_a_size_without_room_and_an_extent_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no room for a map"):
        _warning(size=(300, 200))
    with pytest.raises(ValueError, match="encloses nothing"):
        Extent(west=1, south=0, east=1, north=2)
    with pytest.raises(ValueError, match="no geometry"):
        Extent.of([])


def test_an_extent_round_geometries_leaves_a_margin() -> None:
    found = Extent.of([shapely.box(120, 30, 121, 32), shapely.Point(122, 31)], margin=0.1)
    assert (found.west, found.south, found.east, found.north) == pytest.approx((119.8, 29.8, 122.2, 32.2))


def test_the_font_has_its_licence_beside_it() -> None:
    # OFL 1.1 asks that the licence goes with the font; the wheel brings it.
    folder = Path(font_file()).parents[1]
    assert list(folder.glob("pylopdf_fonts_zh_cn-*.dist-info/licenses/LICENSE"))
