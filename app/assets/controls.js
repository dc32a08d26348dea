/**
 * The controls' values, as soon as Dash's own store has them.
 *
 * A callback of Dash's would do: but it comes some 20 ms later, when React has rendered what depends on a control, and
 * Dash and React spend 20 more on it before the browser may paint. Here neither a picture nor a request for tiles waits.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** ms between looks, where Dash does not show its store, which is no public interface. */
  const EVERY = 100;
  let hearing = false;

  /** The controls' values; null while they are not there. */
  function read(controls) {
    try {
      return controls.map(([id, prop]) => dash_component_api.getLayout(id).props[prop]);
    } catch (error) {
      // So Dash answers for an id that it does not know.
      if (error instanceof TypeError) return null;
      throw error;
    }
  }

  /**
   * Tell of the controls' values whenever one has changed, from now on; once a page load.
   * @param {[string, string][]} controls id and property
   * @param {function(...any)} tell gets all values, in their order
   */
  function hear(controls, tell) {
    if (hearing) return;
    hearing = true;
    let told = "null";
    const look = () => {
      const values = read(controls);
      if (told === (told = JSON.stringify(values)) || !values) return;
      try {
        tell(...values);
      } catch (error) {
        // It is not Dash's, which is in the middle of its work.
        reportError(error);
      }
    };
    const stores = window.dash_stores ?? [];
    for (const store of stores) store.subscribe(look);
    if (!stores.length) setInterval(look, EVERY);
  }

  Object.assign(board, { hear });
})();
