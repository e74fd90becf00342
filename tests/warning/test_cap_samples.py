"""The forty real alerts of ../shared/data/cap: read, or refused by name, exactly as this table, written by hand from the files, says."""

from pathlib import Path

import pytest

from warning import capxml
from warning.errors import CapError

FOLDER = Path(__file__).parents[2] / "../shared/data/cap"
TOGO = "86d1b8c2-135b-4472-b1d7-8278d2997ce5"

# file: (identifier, infos, areas, usable polygons, circles, signed, must a repair name this? "" = read without any)
READ: dict[str, tuple[str, int, int, int, int, bool, str]] = {
    "KDE+foss-public-alert-server__alertswiss-TEST-1163.xml": ("TEST-1163", 1, 0, 0, 0, False, "sender is out of order"),
    "KDE+foss-public-alert-server__gdacs-cap_1001150.xml": ("GDACS_TC_1001150_2", 1, 2, 2, 0, False, ""),
    "KDE+foss-public-alert-server__il-488abaaf-cad5-4d2b-93b2-703016878453.xml":
        ("2.49.0.0.376.0.250306145512.48636", 2, 6, 0, 0, False, "empty polygon left out"),
    "KDE+foss-public-alert-server__kz-2.49.0.0.398.0-20250306-133701-0284797-00-EN.xml":
        ("2.49.0.0.398.0-20250306-133701-0284797-00-EN", 1, 1, 1, 0, False, ""),
    "KDE+foss-public-alert-server__mo-cap_monsoon.xml": ("SMG-Weather_MS_2025_006_03", 3, 3, 3, 0, False, "stray space"),
    "KDE+foss-public-alert-server__noaa-2.49.0.1.840.0.bde6c30c43ead9c23c42bea7977652a7de76d87d.002.1.xml":
        ("urn:oid:2.49.0.1.840.0.bde6c30c43ead9c23c42bea7977652a7de76d87d.002.1", 1, 1, 18, 0, False, "polygon is out of order"),
    "KDE+kweathercore__dwd-update.xml":
        ("2.49.0.0.276.0.DWD.PVW.1661544180000.6ffa85ac-a5ed-4e69-977c-e767a423ecd6.MUL", 1, 2, 0, 0, False, "3 points has no area"),
    "KDE+kweathercore__multi-area.xml": ("2.49.0.0.250.0.FR.20220810161220.589023", 2, 8, 0, 0, False, ""),
    "KDE+kweathercore__polygon-trailing-space.xml": ("urn:oid:2.49.0.0.76.0.2022.18084.1", 1, 1, 1, 0, False, "stray space"),
    "KDE+kweathercore__tsunami.xml": ("PAAQ-1-rfwv11", 1, 1, 0, 1, True, ""),
    "World-Meteorological-Organization+wis2box__cap_example.xml": ("urn:oid:2.49.0.0.690.0.2024.5.19.13.18.0", 1, 1, 1, 0, True, ""),
    "google+cap-library__43b080713727.cap": ("43b080713727", 1, 1, 0, 0, False, ""),
    "google+cap-library__KAR0-0306112239-SW.cap": ("KAR0-0306112239-SW", 1, 1, 0, 0, False, "cap:1.1 read as CAP 1.2"),
    "google+cap-library__australia.cap": ("tag:www.rfs.nsw.gov.au2011-10-06:40184", 2, 2, 0, 2, False, ""),
    "google+cap-library__canada.cap": ("2.49.0.1.124.6bddbc91.2012", 2, 4, 4, 0, False, ""),
    "google+cap-library__canada_errors.cap": ("2.49.0.1.124.6bddbc91.2012", 1, 1, 1, 0, False, ""),
    "google+cap-library__canada_signed.cap": ("2.49.0.1.124.f2c83f5f.2013", 2, 4, 4, 0, True, ""),
    "google+cap-library__earthquake-iso8859-1.cap":
        ("USGS-earthquakes-usB000D5T4.3947362.7.20121014T225304.360Z.0", 1, 1, 0, 1, True, "read as 2012-10-14T22:53:04-00:00"),
    "google+cap-library__earthquake.cap": ("USGS-earthquakes-us2010apcd.6.20100831T000925.496Z", 1, 1, 0, 1, False, "cap:1.1"),
    "google+cap-library__earthquake_signed.cap":
        ("USGS-earthquakes-nc71635010.28103893.20110906T171538.586Z", 1, 1, 0, 1, True, "cap:1.1"),
    "google+cap-library__no_optional_fields.cap": ("USGS-earthquakes-us2010apcd.6.20100831T000925.496Z", 0, 0, 0, 0, False, "cap:1.1"),
    "google+cap-library__noaa_errors.cap":
        ("NOAA-NWS-ALERTS-NV20110710035200FloodWarning20110812031500NV.LKNFLWLKN.b246748c7bbfa7c65ae9b960569510dd",
         1, 1, 1, 0, False, "urgency is missing, Unknown is taken"),
    "google+cap-library__thunderstorm.cap": ("KSTO1055887203", 1, 1, 1, 0, False, ""),
    "google+cap-library__wcatwc-warning.cap": ("PAAQ-2-lqw6d6", 1, 1, 0, 0, False, ""),
    "google+cap-library__weather.atom":
        ("NOAA-NWS-ALERTS-MT20120830100700TFXFlashFloodWatchTFX20120830180000MT", 1, 1, 0, 0, False, "cap:1.1"),
    "google+cap-library__weather.cap":
        ("NOAA-NWS-ALERTS-MT20100830100700TFXFlashFloodWatchTFX20100830180000MT", 1, 1, 0, 0, False, "cap:1.1"),
    "kelvinn+capparselib__CanadaNaad.xml": ("urn:oid:2.49.0.1.124.3026064006.2019", 2, 2, 2, 0, True, ""),
    "kelvinn+capparselib__no_info_tag.cap": ("1017033100951096-517189320160225203219800_Cancel", 0, 0, 0, 0, True, ""),
    "kelvinn+capparselib__sweden.cap": ("11337sv", 1, 2, 0, 0, False, "unknown element Polygon left out"),
    "kelvinn+capparselib__taiwan.cap": ("WRA_ReservoirWarn_201405142010", 1, 1, 0, 0, False, ""),
    "sahana+eden__Myanmar-Flood-MultiLanguage_MultipleArea.xml":
        ("MyanmarDMH-2.49.0.0.104.0-20160221-058-alert", 2, 4, 4, 0, False, "read as 2015-09-10T02:29:56-00:00"),
    "sahana+eden__Philippines-Tropical-Cyclone-MultiLanguage.xml":
        ("PHIVOLS-DOST-2.49.0.1.608.0-20150910-044-alert", 2, 2, 2, 0, False, "stray space"),
    "sahana+eden__TropicalCyclone20150806.xml": ("6e8cb0c9-e44e-4c75-8b74-bd1974680833", 1, 1, 1, 0, True, "-00:00"),
    "wmo-im+cap-validator__tg_invalid_digest.xml": (TOGO, 1, 2, 2, 0, True, "-00:00"),
    "wmo-im+cap-validator__tg_invalid_schema.xml": (TOGO, 1, 2, 2, 0, True, "certainty is missing, Unknown is taken"),
    "wmo-im+cap-validator__tg_invalid_signature.xml": (TOGO, 1, 2, 2, 0, True, "-00:00"),
    "wmo-im+cap-validator__tg_no_signature.xml": (TOGO, 1, 2, 2, 0, False, "-00:00"),
    "wmo-im+cap-validator__tg_valid.xml": (TOGO, 1, 2, 2, 0, True, "-00:00"),
}
REFUSED = {
    "google+cap-library__xee.cap": "DOCTYPE",
    "kelvinn+capparselib__us_nws_weather.atom": "2 entries with links and no CAP document",
    "cn12379_style_example.xml": "national platform",
}

needs_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/data")


@needs_data
def test_the_table_names_every_file_of_the_folder() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".xml", ".cap", ".atom")}
    assert files == set(READ) | set(REFUSED)


@needs_data
@pytest.mark.parametrize("name", READ)
def test_a_real_alert_is_read_as_the_table_says(name: str) -> None:
    (result,) = capxml.read_feed((FOLDER / name).read_bytes())
    identifier, infos, areas, polygons, circles, signed, repair = READ[name]
    alert = result.alert
    places = [area for info in alert.infos for area in info.areas]
    assert alert.identifier == identifier
    assert len(alert.infos) == infos
    assert len(places) == areas
    assert sum(len(area.polygons) for area in places) == polygons
    assert sum(len(area.circles) for area in places) == circles
    assert result.signed is signed
    if repair:
        assert any(repair in said for said in result.repairs), result.repairs
    else:
        assert result.repairs == ()


@needs_data
@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_usable_alert_is_refused_by_name(name: str) -> None:
    with pytest.raises(CapError, match=REFUSED[name]):
        capxml.read_feed((FOLDER / name).read_bytes())


# Readable, but not sound messages: we read them and would never write them.
UNSOUND = {
    "KDE+foss-public-alert-server__alertswiss-TEST-1163.xml": "refers to itself",
    "KDE+foss-public-alert-server__mo-cap_monsoon.xml": "refers to itself",
    "google+cap-library__canada_errors.cap": "Update names no earlier message",
    "sahana+eden__Myanmar-Flood-MultiLanguage_MultipleArea.xml": "my does not tell the same as en-us",
    "sahana+eden__Philippines-Tropical-Cyclone-MultiLanguage.xml": "tl does not tell the same as en-us",
}


@needs_data
@pytest.mark.parametrize("name", [name for name in READ if name not in UNSOUND])
def test_a_sound_sample_comes_back_the_same_from_our_own_valid_xml(name: str) -> None:
    (result,) = capxml.read_feed((FOLDER / name).read_bytes())
    ours = capxml.write(result.alert)
    assert capxml.xsd_errors(ours) == []
    again = capxml.read(ours)
    assert again.alert == result.alert
    assert again.repairs == ()


@needs_data
@pytest.mark.parametrize("name", UNSOUND)
def test_an_unsound_sample_is_not_written_and_the_error_says_why(name: str) -> None:
    (result,) = capxml.read_feed((FOLDER / name).read_bytes())
    with pytest.raises(CapError, match=UNSOUND[name]):
        capxml.write(result.alert)


@needs_data
def test_words_and_numbers_of_three_samples_are_the_ones_in_the_files() -> None:
    taiwan = capxml.read((FOLDER / "kelvinn+capparselib__taiwan.cap").read_bytes()).alert
    assert taiwan.infos[0].headline == "明德水庫:洩洪中"
    assert taiwan.infos[0].event_codes[0].value == "ReservoirDis"
    storm = capxml.read((FOLDER / "google+cap-library__thunderstorm.cap").read_bytes()).alert
    assert storm.infos[0].areas[0].polygons[0] == (
        (38.47, -120.14), (38.34, -119.95), (38.52, -119.74), (38.62, -119.89), (38.47, -120.14))
    assert [g.value for g in storm.infos[0].areas[0].geocodes] == ["006109", "006009", "006003"]
    quake = capxml.read((FOLDER / "google+cap-library__earthquake_signed.cap").read_bytes()).alert
    (circle,) = quake.infos[0].areas[0].circles
    assert (circle.lat, circle.lon, circle.radius_km) == (38.82, -122.812, 0.0)


@needs_data
def test_the_schema_errors_of_the_samples_are_found() -> None:
    assert capxml.xsd_errors((FOLDER / "google+cap-library__canada.cap").read_bytes()) == []
    assert "senderName" in capxml.xsd_errors((FOLDER / "kelvinn+capparselib__sweden.cap").read_bytes())[0]
