// The receipt: a text that carries the answers, to copy, and the answer file, to download.
import { stage } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, translator, unique, write } from "./kit.js";

/**
 * @typedef {object} Receipt
 * @property {string} text "" if there is nothing to send yet
 * @property {string} file name of the answer file
 * @property {string} advice
 * @property {string} note
 */
/** @typedef {import("./assignment_parts.js").Head & Receipt} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const t = translator(model);
  const send = sender(model, signal);
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-receipt");
  const id = unique("vmw-receipt");
  const advice = h("p");
  const label = h("label", { for: id });
  const area = h("textarea", { id, rows: 4, readonly: true, spellcheck: "false" });
  const copy = h("button", { type: "button", class: "vmw-primary" });
  const download = h("button", { type: "button" });
  const note = h("span", { class: "vmw-note", role: "status" });
  frame.body.append(advice, label, area, h("div", { class: "vmw-row" }, copy, download, note));

  copy.addEventListener(
    "click",
    async () => {
      const text = area.value; // the page may show an older receipt than that of answers that are on their way
      area.select();
      // Browsers give the clipboard to secure pages only; the older way works on a hub without https, too.
      const copied = navigator.clipboard
        ? await navigator.clipboard.writeText(text).then(
            () => true,
            () => {
              area.value = text; // it may have been drawn anew by now
              area.select();
              return document.execCommand("copy");
            },
          )
        : document.execCommand("copy");
      if (copied) send("taken", { name: "taken", text });
      else write(note, t("The browser did not let the text be copied: it is selected, press Ctrl+C."));
    },
    { signal },
  );
  download.addEventListener("click", () => send("download", { name: "download" }), { signal });
  area.addEventListener("focus", () => area.select(), { signal });

  /** @param {{file?: string, text?: string}} message */
  const save = ({ file, text }) => {
    if (file === undefined || text === undefined) return;
    const url = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
    const link = h("a", { href: url, download: file });
    link.click();
    URL.revokeObjectURL(url);
  };
  model.on("msg:custom", save);
  signal.addEventListener("abort", () => model.off("msg:custom", save));

  function draw() {
    const now = state();
    frame.draw(now);
    write(advice, now.advice);
    write(label, t("Receipt"));
    area.value = now.text;
    write(copy, t("Copy the receipt"));
    write(download, t("Download {file}", { file: now.file }));
    label.hidden = area.hidden = copy.hidden = download.hidden = !now.text;
    write(note, now.note);
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
