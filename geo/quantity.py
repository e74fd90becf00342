"""Quantity: the name of a thing that rules compare, such as rain over 6 h in mm."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Quantity:
    """``Quantity(name="rain", window=timedelta(hours=6), units="mm")``.

    ``name`` as GridField.variable, or a derived one: ``mean_bft``/``gust_bft`` (Beaufort force, GB/T 28591-2012),
    ``temperature_drop`` (degC within ``window``), ``rain_to_come``/``snow_water_to_come`` (mm from now to ``window`` ahead), ``tmax``/``tmin``/``ground_tmin`` (degC).
    """

    name: str
    units: str
    window: timedelta | None = None

    def __str__(self) -> str:
        if self.window is None:
            return f"{self.name} [{self.units}]"
        return f"{self.name}/{self.window.total_seconds() / 3600:g}h [{self.units}]"
