"""Versions change their area and level: who hears of a change, who of an end, and who of nothing."""

from tests.corridor.conftest import Corridor
from warning.level import Level

PUDONG, JINSHAN = "8613900000001", "8613900000002"


async def test_those_an_update_leaves_out_hear_the_end_and_those_inside_the_change(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.resident(JINSHAN, "310116")
    first = await corridor.warned(zones=("310115", "310116"), level=Level.ORANGE)
    await corridor.send(first)
    update = await corridor.warned(zones=("310115",), level=Level.ORANGE, action="update", replaces=first)
    await corridor.send(update)
    roles = {address: row["role"] for address, row in (await corridor.deliveries(update)).items()}
    assert roles == {PUDONG: "change", JINSHAN: "end"}
    assert "不再包括您登记的地点" in corridor.heard(JINSHAN)[-1]
    assert "不再包括您登记的地点" not in corridor.heard(PUDONG)[-1]
    assert (len(corridor.heard(PUDONG)), len(corridor.heard(JINSHAN))) == (2, 2)


async def test_a_cancel_after_the_area_shrank_is_told_once_more_only_to_those_who_were_left(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.resident(JINSHAN, "310116")
    first = await corridor.warned(zones=("310115", "310116"), level=Level.ORANGE)
    await corridor.send(first)
    update = await corridor.warned(zones=("310115",), level=Level.ORANGE, action="update", replaces=first)
    await corridor.send(update)
    cancel = await corridor.warned(zones=("310115",), level=Level.ORANGE, action="cancel", replaces=update)
    await corridor.send(cancel)
    assert len(corridor.heard(PUDONG)) == 3
    assert len(corridor.heard(JINSHAN)) == 2  # it has ended there already


async def test_a_resident_in_a_stronger_warning_of_the_same_hazard_is_not_told_the_weaker(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.resident(JINSHAN, "310116")
    district = await corridor.warned(issuer="310115", level=Level.RED)
    await corridor.send(district)
    city = await corridor.warned(zones=("310000",), level=Level.ORANGE)
    await corridor.send(city)
    states = await corridor.states(city)
    assert states[PUDONG] == ("muted", "stronger_in_force")
    assert states[JINSHAN][0] in ("accepted", "delivered")
    assert len(corridor.heard(PUDONG)) == 1


async def test_a_resident_is_told_a_stronger_warning_although_a_weaker_is_in_force(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.send(await corridor.warned(zones=("310000",), level=Level.YELLOW))
    await corridor.send(await corridor.warned(issuer="310115", level=Level.RED))
    assert ["红色" in text for text in corridor.heard(PUDONG)] == [False, True]


async def test_a_resident_who_asks_from_orange_on_is_not_told_yellow_but_is_told_the_upgrade(corridor: Corridor) -> None:
    await corridor.resident(PUDONG, min_level="orange")
    first = await corridor.warned(level=Level.YELLOW)
    await corridor.send(first)
    assert corridor.heard(PUDONG) == []
    update = await corridor.warned(level=Level.ORANGE, action="update", replaces=first)
    await corridor.send(update)
    assert (await corridor.deliveries(update))[PUDONG]["role"] == "start"
    assert len(corridor.heard(PUDONG)) == 1
