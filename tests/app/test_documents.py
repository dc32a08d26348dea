"""The documents' examples, run as they stand, and as a reader would: from top to bottom."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [one for one in sorted((ROOT / "docs").glob("*.md")) if "```python" in one.read_text()]
# What a reader's browser does next, for the documents whose example is an app.
USE = {
    "serverside": """
def ask(client, output, name, value):
    target = {"id": output, "property": output == "table" and "data" or "children"}
    given = {"id": name, "property": name == "table" and "data" or "value", "value": value}
    key = f"{target['id']}.{target['property']}"
    body = {"output": key, "outputs": target, "inputs": [given], "changedPropIds": [f"{name}.{given['property']}"]}
    return client.post("/_dash-update-component", json=body).get_json()

ada, eve = server.test_client(), server.test_client()
ada.get("/"), eve.get("/")
token = ask(ada, "table", "rows", 5)["response"]["table"]["data"]
print(len(token) < 300, ask(ada, "sum", "table", token)["response"]["sum"]["children"])
print(ask(eve, "sum", "table", token)["sideUpdate"]["notice"]["children"])
""",
}
SAID = {"serverside": "True 10\nthis token was not made for this session and use: reload the page.\n"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.stem)
def test_its_examples_run(document: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL)
    code = "\n".join([*blocks, USE.get(document.stem, "")])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == SAID.get(document.stem, "")
