"""What the browser asks for when an address is opened."""

from typing import Any


def content(client: Any, path: str, search: str = "") -> Any:
    """Return what Dash puts on the page at an address, for a Flask client or what answers as one does."""
    client.get(path)  # the first request registers Dash's own page callback
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": path},
            {"id": "_pages_location", "property": "search", "value": search},
        ],
        "changedPropIds": ["_pages_location.pathname"],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.get_json(silent=True)
    return answer.get_json()["response"]
