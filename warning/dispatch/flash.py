"""Flash: to whom a text message goes as class 0, shown at once over whatever is on the screen.

A handset keeps no message of class 0: who wipes it away has lost its words and its answer link. So it is for red only, and never for what
ends.

    flash:          nobody  duty  responsible  everybody
    --------------  ------  ----  -----------  ------------------------------------------
    person on duty  no      yes   yes          yes
    office          no      no    yes          yes
    resident        no      no    no           the warning is real, not a drill
"""

from typing import Literal

from warning.level import Level

FlashTo = Literal["nobody", "duty", "responsible", "everybody"]


def flashes(to: FlashTo, *, kind: str, role: str, level: Level, status: str) -> bool:
    """Whether the message of this recipient (``kind`` duty, office, resident, …) is to flash."""
    if to == "nobody" or level < Level.RED or role == "end":
        return False
    match kind:
        case "duty":
            return True
        case "office":
            return to != "duty"
        case "resident":
            return to == "everybody" and status == "Actual"
        case _:
            return False
