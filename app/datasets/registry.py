"""The data sets: one file each, and one line here."""

from app.datasets import census, clifford, flights, nyc_taxi, opensky, osm, places, stars, storms

EMBEDDED = (flights.DATASET, places.DATASET, stars.DATASET, storms.DATASET)

# A file is the first of these that it matches.
DECLARED = (
    nyc_taxi.SYNTHETIC,
    nyc_taxi.DECLARATION,
    census.DECLARATION,
    opensky.DECLARATION,
    osm.DECLARATION,
    clifford.DECLARATION,
)
