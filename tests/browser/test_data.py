"""The Data page's tables, which are cards on a phone."""

from playwright.sync_api import Page

EDGES = """() => [...document.querySelectorAll('.sheet td')].map((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  return [left, right, width, getComputedStyle(one, '::before').content];
})"""


def edges(page: Page) -> list:
    """Return each cell's left edge, right edge, width and heading in words, once there are cells."""
    page.locator(".sheet td").first.wait_for()
    return page.evaluate(EDGES)


def test_on_a_phone_all_of_a_row_is_in_view_under_its_headings(browse) -> None:
    page = browse("/data", phone=True).page
    cells = edges(page)
    assert len(cells) >= 5
    assert all(left >= 0 and right <= 390 and width > 300 for left, right, width, _ in cells)
    assert [said for *_, said in cells[:5]] == ["none", '"Rows"', '"Fields"', '"Size"', '"Plots"']
    assert page.get_by_role("columnheader").count() == 5
    assert page.get_by_role("row").count() == len(cells) / 5 + 1


def test_beyond_a_phone_they_are_tables(browse) -> None:
    assert {said for *_, said in edges(browse("/data").page)} == {"none"}
