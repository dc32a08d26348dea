"""What every page owes: found by Dash, it needs no edit here when a page is added."""

import sys
from pathlib import Path

import dash
import pytest
from dash.development.base_component import Component

ROOT = Path(__file__).parents[2]
FILES = sorted(path.stem for path in (ROOT / "app" / "pages").glob("[!_]*.py"))


@pytest.fixture(params=FILES)
def page(request: pytest.FixtureRequest, app: dash.Dash) -> dict[str, object]:
    return dash.page_registry[f"app.pages.{request.param}"]


def test_says_what_it_is(page):
    assert page["path"].startswith("/")
    assert page["name"].strip()
    assert page["title"].strip()
    assert page["description"].strip().endswith(".")
    assert len((sys.modules[page["module"]].__doc__ or "").strip()) > 20


def test_has_a_path_and_a_name_of_its_own(page):
    others = [one for one in dash.page_registry.values() if one is not page]
    assert page["path"] not in [one["path"] for one in others]
    assert page["name"] not in [one["name"] for one in others]


def test_renders(page, visit):
    answer = visit(page["path"])
    assert ("'className': 'notice'" in str(answer)) == page["module"].endswith("not_found_404")
    assert answer["_pages_content"]["children"]["type"]
    assert answer["_pages_store"]["data"]["title"] == page["title"]


def test_has_one_main_heading(page, app):
    with app.server.test_request_context(page["path"]):
        layout = page["layout"]
        tree = layout() if callable(layout) else layout
    assert isinstance(tree, Component)
    headings = [
        one for one in (tree, *tree._traverse()) if getattr(one, "_type", "") == "H1" or getattr(one, "order", 0) == 1
    ]
    assert len(headings) == 1


def test_is_documented(page):
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower().replace("-", " ")
    assert page["name"].lower() in readme
