// A failure drill: choose what goes wrong, foretell how many VMs go on, let it happen, and read the chain of layers.
import { errorBox, sender } from "./kernel.js";
import { follow, h, set, textTwin, translator, write } from "./kit.js";
import { options } from "./slider.js";
import { keep, panel } from "./stack_panel.js";

/**
 * @typedef {object} Group VMs that meet with the same
 * @property {number[]} vms
 * @property {string} state
 * @property {string} sign
 * @property {string} word
 * @property {string} speed
 * @property {string[]} chain
 */
/**
 * @typedef {object} Drilled
 * @property {string} id
 * @property {string} name
 * @property {number} predicted -1: nothing was foretold
 * @property {string} [absent] why it cannot happen, "" if it can
 * @property {number} [going] VMs that go on as before
 * @property {Group[]} [groups]
 */
/**
 * @typedef {object} State
 * @property {string} comparison
 * @property {string} tab
 * @property {boolean} open without which there is no more than this
 * @property {[string, string][]} failures
 * @property {string} failure
 * @property {boolean} happened
 * @property {number} most VMs of each product
 * @property {Drilled[]} products
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const show = panel(el, signal, "stack-drill");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const failure = h("select", { name: "failure" });
  const failureField = h("label", { class: "vmw-field" }, h("span"), failure);
  const happen = h("button", { type: "button", class: "vmw-primary" });
  const mend = h("button", { type: "button" });
  const hint = h("p", { class: "vmw-soft-text" });
  const columns = h("div", { class: "vmw-columns" });
  const twin = textTwin(signal, "");
  el.append(
    h("div", { class: "vmw-row" }, failureField, happen, mend),
    errorBox(model, signal),
    hint,
    columns,
    twin.el,
  );
  failure.addEventListener("change", () => send("choose", { name: "choose", id: failure.value }), { signal });
  happen.addEventListener("click", () => send("happen", { name: "happen" }), { signal });
  mend.addEventListener("click", () => send("mend", { name: "mend" }), { signal });

  /** @param {number[]} vms */
  const vmsText = (vms) => vms.map((vm) => vm + 1).join(", ");
  /** @param {Group} group */
  const groupText = (group) =>
    t("VM {vms}: {word}", { vms: vmsText(group.vms), word: [group.word, group.speed].filter(Boolean).join(", ") });

  function column() {
    const select = h("select");
    const made = h(
      "section",
      {},
      h("b", { class: "vmw-heading" }),
      h("label", { class: "vmw-field" }, h("span"), select),
      h("p", { class: "vmw-judged" }),
      h("p", { class: "vmw-absent" }),
      h("div", { class: "vmw-groups" }),
    );
    const foretell = () => {
      const product = made.dataset.product ?? "";
      send(`predict ${product}`, { name: "predict", product, value: Number(select.value) });
    };
    select.addEventListener("change", foretell, { signal });
    return made;
  }
  const groupItem = () => h("div", { class: "vmw-group" }, h("b"), h("ol"));

  /** @param {HTMLElement} made @param {Drilled} one */
  function drawColumn(made, one) {
    const now = state();
    const [heading, field, judged, absent, groups] = /** @type {HTMLElement[]} */ ([...made.children]);
    made.dataset.product = one.id;
    write(heading, one.name);
    write(field.children[0], t("How many of the {count} VMs go on as before?", { count: now.most }));
    const select = /** @type {HTMLSelectElement} */ (field.children[1]);
    const counts = [...Array(now.most + 1).keys()].map((n) => /** @type {[string, string]} */ ([String(n), String(n)]));
    const chosen = send.busy(`predict ${one.id}`) ? select.value : String(one.predicted);
    options(select, [["-1", t("no prediction")], ...counts], chosen);
    select.disabled = now.happened;
    const right = one.predicted === one.going;
    const said = now.happened && one.predicted >= 0;
    const fields = { said: one.predicted, going: one.going ?? 0 };
    const verdict = right ? t("✓ As you foretold.") : t("✕ You foretold {said}; {going} go on.", fields);
    write(judged, said ? verdict : "");
    set(judged, "class", `vmw-judged${said ? (right ? " vmw-good" : " vmw-bad") : ""}`);
    write(absent, one.absent ? t("It cannot happen here: {why}.", { why: one.absent }) : "");
    keep(groups, one.absent ? [] : (one.groups ?? []), groupItem, (item, group) => {
      set(item, "class", `vmw-group vmw-fate-${group.state}`);
      write(item.children[0], `${group.sign} ${groupText(group)}`);
      keep(
        item.children[1],
        group.chain,
        () => h("li"),
        (link, text) => write(link, text),
      );
    });
  }

  function sentence() {
    const now = state();
    const name = now.failures.find(([id]) => id === now.failure)?.[1] ?? "";
    if (!now.happened) return t("Not yet: {failure}.", { failure: name });
    const told = now.products.map((one) => {
      const what = one.absent || `${one.name}: ${(one.groups ?? []).map(groupText).join("; ")}`;
      return `${what}.`;
    });
    return [t("It has happened: {failure}.", { failure: name }), ...told].join(" ");
  }

  function draw() {
    const now = state();
    if (!show(now)) return;
    write(failureField.children[0], t("What goes wrong"));
    options(failure, now.failures, send.busy("choose") ? failure.value : now.failure);
    write(happen, t("Let it happen"));
    write(mend, t("Mend everything"));
    const pressed = document.activeElement === happen || document.activeElement === mend;
    happen.hidden = now.happened;
    mend.hidden = !now.happened;
    if (pressed) (now.happened ? mend : happen).focus();
    write(
      hint,
      t(
        "Each VM has 8 GiB and two busy vCPUs. Where a failure hits a single VM, it is VM 1. What has fallen is crossed out above.",
      ),
    );
    keep(columns, now.products, column, drawColumn);
    const rows = now.products.flatMap((one) =>
      (one.groups ?? []).map((group) => [
        one.name,
        vmsText(group.vms),
        one.absent ? t("cannot happen") : [group.word, group.speed].filter(Boolean).join(", "),
        one.absent || group.chain.join(" → "),
      ]),
    );
    const head = [t("product"), t("VM"), t("what becomes of it"), t("why")];
    twin.update(sentence(), [head, ...rows], t("Table: what becomes of each VM"));
    el.dataset.vmwDrill = `${now.failure} ${now.happened}`;
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
