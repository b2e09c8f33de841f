// The text twin of the charts: a sentence and a table of the values at the line "now".
import { follow, root, textTwin, translator } from "./kit.js";

/** @typedef {{lab: string, sentence: string, rows: string[][]}} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "readings");
  const t = translator(model);
  const twin = textTwin(signal, "");
  el.append(twin.el);
  follow(model, signal, ["state", "strings"], () => {
    /** @type {State} */
    const { lab, sentence, rows } = model.get("state");
    twin.update(sentence, rows, t("Table: the values of the charts"));
    // bqplot's picture has neither role nor name of its own: it gets the title of its caption and the sentence.
    for (const chart of document.querySelectorAll(".vmw-chart")) {
      if (chart.getAttribute("data-vmw-lab") !== lab) continue;
      const figure = chart.querySelector(".bqplot");
      if (!figure) continue;
      const title = chart.querySelector(".vmw-caption .vmw-title")?.textContent ?? "";
      figure.setAttribute("role", "img");
      figure.setAttribute("aria-label", `${title}. ${sentence}`);
    }
  });
}

export default { render };
