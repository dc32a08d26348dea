"""Sending a file: chosen or dropped it opens in the Explorer, for the browser that sent it alone."""

import base64
import io

import pandas as pd
import pytest


def sample() -> bytes:
    out = io.BytesIO()
    pd.DataFrame({"lon": [float(at) for at in range(300)], "lat": [at / 4 for at in range(300)]}).to_parquet(out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "walks.parquet"
    path.write_bytes(sample())
    return path


def test_a_chosen_file_opens_in_the_explorer_of_its_session_alone(browse, file) -> None:
    page = browse("/data").page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(file)
    page.wait_for_url("**/explorer/upload-walks-*")
    page.locator("main").get_by_text("Walks").first.wait_for()
    path = page.evaluate("location.pathname")
    assert page.context.request.get(page.url).status == 200
    other = browse("/").page
    assert other.context.request.get(page.url).status == 404
    page.goto(page.url.replace(path, "/data"))
    page.get_by_role("button", name="Delete walks.parquet").click()
    page.get_by_text("You have sent nothing").wait_for()
    assert page.context.request.get(page.url.replace("/data", path)).status == 404


def test_a_dropped_file_opens_too_and_is_forgotten(browse) -> None:
    page = browse("/").page
    page.locator(".upload").first.wait_for()
    page.evaluate(
        """text => {
          const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "walks.parquet"));
          const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.querySelector(".upload").dispatchEvent(drop);
        }""",
        base64.b64encode(sample()).decode(),
    )
    page.wait_for_url("**/explorer/upload-walks-*")
    shown = page.url
    page.goto(shown.partition("/explorer")[0] + "/session")
    page.get_by_text("walks.parquet").wait_for()
    page.get_by_role("button", name="Forget everything").click()
    page.get_by_text("You have sent nothing").wait_for()
    assert page.context.request.get(shown).status == 404


def test_what_is_refused_is_said(browse, tmp_path) -> None:
    visit = browse("/data")
    wrong = tmp_path / "wrong.parquet"
    wrong.write_text("x,y\n1,2\n")
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(wrong)
    visit.page.get_by_text("holds something else").wait_for()
    visit.problems.clear()  # the browser notes the refusal in its console
