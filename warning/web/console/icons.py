"""The few icons of the console's fields, drawn here: NiceGUI's font of thousands is 128 KiB and held up the first picture of every page."""

import json

DRAWN = {
    "arrow_drop_down": "M7 10l5 5 5-5z",
    "keyboard_arrow_down": "M6.7 8.3L12 13.6l5.3-5.3 1.4 1.4L12 16.4 5.3 9.7z",
    "cancel": "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zM7 8.4L8.4 7 12 10.6 15.6 7 17 8.4 13.4 12 17 15.6 15.6 17 12 13.4 8.4 17 7 15.6 10.6 12z",
    "check": "M9 17.6L3.4 12l1.4-1.4L9 14.8 19.2 4.6 20.6 6z",
    "error": "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zM11 6h2v8h-2zM11 16h2v2h-2z",
    "warning": "M12 2L1 21h22zM11 9h2v6h-2zM11 17h2v2h-2z",
    "check_circle": "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zM10 16.8L5.6 12.4 7 11l3 3 7-7 1.4 1.4z",
    "info": "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zM11 6h2v2h-2zM11 10h2v8h-2z",
    "draw": "M4 16.5V20h3.5L18 9.5 14.5 6zM15.6 4.9l3.5 3.5 1.3-1.3-3.5-3.5z",
    "priority_high": "M10.6 3h2.8v12h-2.8zM10.6 18h2.8v3h-2.8z",
}
"""By the names that Quasar's fields and notices ask for; on a square of 24, the second ring of each a hole or a sign."""

_DRAWN = json.dumps({name: f"{path}@@fill-rule:evenodd" for name, path in DRAWN.items()})
SCRIPT = f"Quasar.IconSet.iconMapFn = ((drawn) => (name) => name in drawn ? {{icon: drawn[name]}} : undefined)({_DRAWN});"
"""Run before a page is built."""
