/**
 * Asking again: a server that is busy (503), or whose session asked for more than its share (429), says when to come back.
 *
 * All that ask wait as they were told, and a little more, so that they do not come back at once. What nobody wants by
 * then is not asked again, nor what was refused too often: its own answer then says why.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const REFUSALS = [429, 503];
  const TRIES = 4;
  const LONGEST = 30; // s
  const SPREAD = 0.5; // of the time to wait
  const CALLBACKS = "/_dash-update-component";
  let until = 0;

  /** Note when a refusal says to come back. @returns {number} seconds to wait: as it says, else longer each time */
  function heed(response, tried = 1) {
    if (!REFUSALS.includes(response.status)) return 0;
    const seconds = Number(response.headers.get("Retry-After")) || 2 ** (tried - 1);
    until = Math.max(until, performance.now() + seconds * 1000);
    return seconds;
  }

  /** Wait; rejects as soon as the signal is given. */
  function pause(seconds, signal) {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, seconds * 1000);
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /**
   * Ask until there is an answer, or none is to be hoped for.
   * @param {function(): Promise<Response>} ask
   * @param {AbortSignal} [signal]
   * @param {number[]} [statuses] after which to ask again
   * @returns {Promise<Response>} the last answer
   */
  async function askAgain(ask, signal, statuses = REFUSALS) {
    for (let tried = 1; ; tried++) {
      const response = await ask();
      if (!statuses.includes(response.status)) return response;
      const seconds = heed(response, tried);
      if (tried === TRIES || seconds > LONGEST) return response;
      await pause(seconds * (1 + SPREAD * Math.random()), signal);
    }
  }

  /** Whether the server said to come back later than now. */
  const toldToWait = () => performance.now() < until;

  /** Say what failed, in passing. */
  async function tell(response) {
    const text = await board.reason(response.clone());
    const props = { children: text.charAt(0).toUpperCase() + text.slice(1), variant: "default", withCloseButton: true, closeButtonLabel: "Close", className: "toast-box" };
    const box = { namespace: "dash_mantine_components", type: "Alert", props };
    dash_clientside.set_props("shell-toast", { children: { namespace: "dash_html_components", type: "Div", props: { children: box, key: String(Date.now()) } } });
  }

  /** Dash's callbacks: one that was refused for its session's share has done nothing yet. */
  const plain = window.fetch;
  async function fetchPatiently(url, options) {
    const callback = typeof url === "string" && url.split("?")[0].endsWith(CALLBACKS);
    if (!callback) return plain(url, options);
    const response = await askAgain(() => plain(url, options), options?.signal, [429]);
    if (REFUSALS.includes(response.status)) tell(response);
    return response;
  }
  window.fetch = fetchPatiently;

  Object.assign(board, { askAgain, heed, toldToWait });
})();
