"""Images of what a page shows: its very pixels, its ground and its opacity."""

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app import runtime as door


def plot_name(app) -> str:
    return door.of(app.server).plot("places").name


def rgba(data: bytes):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def test_an_image_fades_without_a_stage(client: FlaskClient, app) -> None:
    for aggregate in ("count", "by&field=continent"):
        url = f"/image/places/{plot_name(app)}.png?width=160&height=100&aggregate={aggregate}"
        whole = rgba(client.get(url).data)
        answer = client.get(f"{url}&data_opacity=30")
        assert "ran" not in answer.headers["Server-Timing"]
        assert (rgba(answer.data)[..., 3] == np.floor(whole[..., 3] * 0.3 + 0.5)).all()
        assert whole[..., 3].any()


def test_a_view_of_an_image_is_its_pixels(client: FlaskClient, app) -> None:
    url = f"/image/places/{plot_name(app)}.png"
    whole = rgba(client.get(f"{url}?width=800&height=700&view=0,-144,-90&spreading=5&normalization=linear").data)
    assert whole[..., 3].any()
    # On the same scale: only what is nearest to the edges has other neighbours.
    south, north = (
        rgba(client.get(f"{url}?width=800&height={h}&view=0,-144,{y}&spreading=5&normalization=linear").data)
        for h, y in ((300, 310), (400, -90))
    )
    assert ((south[..., 3] > 0) == (whole[400:, :, 3] > 0)).all()
    assert ((north[..., 3] > 0) == (whole[:400, :, 3] > 0)).all()


def test_latitudes_beyond_the_map_are_where_they_are(client: FlaskClient, app) -> None:
    url = f"/image/places/{plot_name(app)}.png?width=800&height=700"
    south, north = (np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / 512)))) for y in (610, -90))
    west, east = ((x / 512 - 0.5) * 360 for x in (-144, 656))
    bounds = f"bounds={west},{east},{south},{north}"
    assert client.get(f"{url}&{bounds}").data == client.get(f"{url}&view=0,-144,-90").data


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("ground=grey", 404, "no ground named 'grey'"),
        ("ground=fire@dark", 404, "no ground named 'fire@dark'"),
        ("view=1,2", 400, "is not Z,X0,Y0"),
        ("view=23,0,0", 400, "is not Z,X0,Y0"),
        ("view=1,0.5,0", 400, "is not Z,X0,Y0"),
        ("view=1,9999999999999,0", 400, "is not Z,X0,Y0"),
        ("view=1,0,0&bounds=0,1,0,1", 400, "give one of them"),
        ("bounds=0,1e305,0,1", 400, "are too far apart to be shown"),
        ("width=4097&view=1,0,0", 400, "width '4097' is not a whole number from 1 to 4096"),
        ("data_opacity=101", 400, "data_opacity '101' is not a whole number from 0 to 100"),
    ],
)
def test_what_is_seen_is_checked(client: FlaskClient, app, query: str, status: int, said: str) -> None:
    answer = client.get(f"/image/places/{plot_name(app)}.png?{query}")
    assert answer.status_code == status
    assert said in answer.get_json()["error"]


def test_a_grounds_colours_are_those_of_its_colormap(client: FlaskClient, app) -> None:
    url = f"/image/places/{plot_name(app)}.png?width=160&height=100"
    plain, dark, light = (rgba(client.get(url + more).data) for more in ("", "&ground=dark", "&ground=light"))
    filled = plain[..., 3] > 0
    assert ((dark[..., 3] > 0) == filled).all()
    # Few points fade into the ground: fire's black end is nearest to a dark one, its white end to a light one.
    few = (plain[..., :3].sum(-1) == plain[filled][:, :3].sum(-1).min()) & filled
    assert dark[few][:, :3].sum(-1).max() < light[few][:, :3].sum(-1).min()
