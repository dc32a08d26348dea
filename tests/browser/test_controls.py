"""The Explorer's controls: heard from Dash's own store, without a callback."""

from playwright.sync_api import Browser

from tests.browser.browsing import Server, Visit
from tests.browser.test_explorer import PIXELS, Browse, drawn, opened

CALLBACKS = """() => {
  const seen = new Set();
  for (const store of dash_stores) store.subscribe(() => {
    const lists = Object.values(store.getState().callbacks).filter(Array.isArray);
    for (const one of lists.flat()) seen.add(one.callback.output);
  });
  window.seenCallbacks = seen;
}"""
# Dash goes on to have its store; our script does not see it.
HIDDEN = """
  let stores;
  Object.defineProperty(window, "dash_stores", {
    get: () => (new Error().stack.split("\\n")[2].includes("/bundle-") ? undefined : stores),
    set: (value) => (stores = value),
  });
"""


def test_a_change_is_heard_at_once_and_calls_nothing_back(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places")
    visit.page.evaluate(CALLBACKS)
    heard = visit.page.evaluate(
        """() => {
          dash_clientside.set_props("explorer-cmap", { value: "bgy" });
          return stageboard.explorer.look.cmap;
        }"""
    )
    assert heard == "bgy"  # before any other task
    visit.page.wait_for_function("document.querySelector('.ribbon-summary').textContent.startsWith('Colormap')")
    assert visit.page.evaluate("[...seenCallbacks]") == []


def test_without_a_store_to_listen_to_a_change_is_seen_soon(server: Server, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script(HIDDEN)
    page.goto(f"{server.url}/explorer/places")
    drawn(Visit(page))
    page.wait_for_selector("#explorer-cmap", state="attached")
    before = page.evaluate(PIXELS)
    now = """() => {
      dash_clientside.set_props("explorer-cmap", { value: "bgy" });
      return stageboard.explorer.look.cmap;
    }"""
    assert page.evaluate(now) != "bgy"
    page.wait_for_function("stageboard.explorer.look.cmap === 'bgy'")
    page.wait_for_function("document.querySelector('.ribbon-summary').textContent.startsWith('Colormap')")
    assert page.evaluate(PIXELS) != before
    page.context.close()


def test_a_fault_of_ours_does_not_stop_dash(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places")
    faults: list[str] = []
    visit.page.on("pageerror", lambda error: faults.append(str(error)))
    visit.page.evaluate(
        """() => {
          const { explorer } = stageboard;
          explorer.apply = () => { throw new Error("ours"); };
          dash_clientside.set_props("explorer-cmap", { value: "bgy" });
          delete explorer.apply;
          dash_clientside.set_props("explorer-cmap", { value: "kbc" });
        }"""
    )
    visit.page.wait_for_function("stageboard.explorer.look.cmap === 'kbc'")
    assert visit.page.input_value("#explorer-cmap") == "kbc"
    assert len(faults) == 1
    assert "ours" in faults[0]
    visit.problems.clear()
