"""What can lie under the data of a geographic plot: the package's own coastlines, or tiles from the network.

Names are those of `app.pipeline.controls.BASEMAPS`. Addresses and attributions come from `xyzservices`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from xyzservices import providers

Ground = Literal["", "dark", "light"]


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A base map.

    Parameters
    ----------
    name : str
        As the address has it.
    title : str
    provider : str
        A name of `xyzservices.providers`; empty: nothing from the network.
    ground : {'', 'dark', 'light'}
        What colours of data are laid on; empty: as the page's colour scheme.
    """

    name: str
    title: str
    provider: str = ""
    ground: Ground = ""

    @cache  # noqa: B019 - there are seven, and a provider is found by a search of all names
    def browser(self) -> dict[str, str | int]:
        """Return what Leaflet needs, as JSON; not to be changed."""
        facts: dict[str, str | int] = {"title": self.title, "ground": self.ground}
        if self.provider:
            found = providers.query_name(self.provider)
            facts["url"] = found.build_url(scale_factor="")
            facts["attribution"] = found.html_attribution
            facts["max_zoom"] = int(found.get("max_zoom", 19))
        return facts


BASE_MAPS: Final = (
    BaseMap("coastlines", "Coastlines, built in"),
    BaseMap("imagery", "Imagery, Esri", "Esri.WorldImagery", "dark"),
    BaseMap("topographic", "Topographic, Esri", "Esri.WorldTopoMap", "light"),
    BaseMap("terrain", "Terrain, Esri", "Esri.WorldTerrain", "light"),
    BaseMap("street", "Streets, Esri", "Esri.WorldStreetMap", "light"),
    BaseMap("osm", "OpenStreetMap", "OpenStreetMap.Mapnik", "light"),
    BaseMap("none", "None"),
)
