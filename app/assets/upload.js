/* Sending a file: chosen or dropped, as the plain body of a request, with its progress said. */
(function () {
  "use strict";
  const part = (area, name) => area.querySelector(`[data-upload="${name}"]`);
  const area = () => document.querySelector(".upload[data-address]");
  const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString("en-GB", { maximumFractionDigits: 1 })} MB`;
  let sending = false;

  function say(place, text, share) {
    const bar = part(place, "bar");
    part(place, "said").textContent = text;
    bar.hidden = share === undefined;
    if (share === null) bar.removeAttribute("value");
    else if (share !== undefined) bar.value = share;
    bar.setAttribute("aria-label", "Sent");
  }

  function finished(place, request) {
    sending = false;
    part(place, "choose").disabled = false;
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* a proxy's own page */ }
    if (request.status === 201) return void location.assign(answer.href);
    const text = answer.error || "the file did not arrive: check the connection and send it again.";
    say(place, text[0].toUpperCase() + text.slice(1));
    place.dataset.state = "failed";
  }

  function send(place, file) {
    if (sending) return;
    if (file.size > Number(place.dataset.most)) {
      place.dataset.state = "failed";
      return say(place, `${file.name} has ${megabytes(file.size)}: at most ${megabytes(Number(place.dataset.most))} can be sent.`);
    }
    sending = true;
    place.dataset.state = "sending";
    part(place, "choose").disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", place.dataset.address + encodeURIComponent(file.name));
    request.setRequestHeader("Stageboard-Upload", "1");
    request.upload.onprogress = (event) => say(place, `Sending ${file.name}: ${megabytes(event.loaded)} of ${megabytes(file.size)}`, event.loaded / Math.max(file.size, 1));
    request.upload.onload = () => say(place, `Looking at ${file.name} …`, null);
    request.onloadend = () => finished(place, request);
    say(place, `Sending ${file.name}`, 0);
    request.send(file);
  }

  document.addEventListener("click", (event) => {
    const place = area();
    if (!place || !event.target.closest('[data-upload="choose"]')) return;
    const input = Object.assign(document.createElement("input"), { type: "file", accept: place.dataset.accept });
    input.addEventListener("change", () => input.files.length && send(place, input.files[0]));
    input.click();
  });

  /* The whole page takes a file, so that one that misses the area is not opened in its place. */
  const holdsFile = (event) => area() && event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    area().classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && area()?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    area().classList.remove("over");
    if (event.dataTransfer.files.length) send(area(), event.dataTransfer.files[0]);
  });
})();
