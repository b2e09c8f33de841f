// Evidence cards: what is claimed of each product, by whom, when that was looked at, and of which version it is said.
import { follow, h, set, translator, write } from "./kit.js";
import { keep, panel } from "./stack_panel.js";

/** @typedef {{topic: string, text: string, source: string, checked: string, scope: string, verdict: string, judged: string}} Card */
/**
 * @typedef {object} State
 * @property {string} comparison
 * @property {string} tab
 * @property {boolean} open without which there is no more than this
 * @property {[string, string][]} topics
 * @property {{name: string, cards: Card[]}[]} products
 */

const ALL = "";

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const show = panel(el, signal, "stack-evidence");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const chips = h("div", { class: "vmw-chips", role: "group" });
  const count = h("p", { class: "vmw-soft-text", "aria-live": "polite" });
  const columns = h("div", { class: "vmw-columns" });
  el.append(chips, count, columns);
  /** @type {string | null} topic that is shown; null before anybody has chosen */
  let topic = null;

  const chip = () => {
    const button = h("button", { type: "button", class: "vmw-chip" });
    button.addEventListener(
      "click",
      () => {
        topic = button.value;
        draw();
      },
      { signal },
    );
    return button;
  };
  const card = () =>
    h(
      "li",
      { class: "vmw-card" },
      h("div", { class: "vmw-row" }, h("b", { class: "vmw-verdict" }), h("small", { class: "vmw-topic" })),
      h("p"),
      h("p", { class: "vmw-scope" }),
      h("p", { class: "vmw-source" }),
    );

  function draw() {
    const now = state();
    if (!show(now)) return;
    const names = Object.fromEntries(now.topics);
    if (topic === null || (topic !== ALL && !(topic in names))) topic = now.topics[0]?.[0] ?? ALL;
    const wanted = topic;
    set(chips, "aria-label", t("Topic"));
    keep(chips, [...now.topics, [ALL, t("all topics")]], chip, (button, [id, text]) => {
      set(button, "value", id);
      set(button, "aria-pressed", id === wanted ? "true" : "false");
      write(button, text);
    });
    let shown = 0;
    keep(
      columns,
      now.products,
      () =>
        h(
          "section",
          {},
          h("b", { class: "vmw-heading" }),
          h("ul", { class: "vmw-cards" }),
          h("p", { class: "vmw-soft-text" }),
        ),
      (section, product) => {
        const cards = product.cards.filter((one) => wanted === ALL || one.topic === wanted);
        shown += cards.length;
        write(section.children[0], product.name);
        keep(section.children[1], cards, card, (item, one) => {
          set(item, "class", `vmw-card vmw-card-${one.verdict}`);
          write(item.children[0].children[0], one.judged);
          write(item.children[0].children[1], wanted === ALL ? names[one.topic] : "");
          write(item.children[1], one.text);
          write(item.children[2], one.scope);
          const source = one.source || t("an assumption of this model");
          write(item.children[3], t("{source}. Looked at in {date}.", { source, date: one.checked }));
        });
        write(section.children[2], cards.length ? "" : t("Nothing is on record about this."));
      },
    );
    write(count, t("Claims shown: {count}", { count: shown }));
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
