import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { sender } from "../../vmwidgets/front/kernel.js";

/** A model that records what is sent and lets a test answer. */
class Model {
  /** @type {{seq: number, name: string, value?: number}[]} */
  sent = [];
  /** @type {Set<(message: object) => void>} */
  listeners = new Set();
  send(message) {
    this.sent.push(message);
  }
  on(_event, listener) {
    this.listeners.add(listener);
  }
  off(_event, listener) {
    this.listeners.delete(listener);
  }
  answer(seq = this.sent.at(-1)?.seq) {
    for (const listener of this.listeners) listener({ ack: seq });
  }
}

test("one message is in flight, and of those that wait only the newest of each name goes out", () => {
  const model = new Model();
  const over = new AbortController();
  const send = sender(model, over.signal);
  for (let value = 0; value < 100; value++) send("slider", { name: "set", value });
  send("other", { name: "undo" });
  assert.deepEqual(
    model.sent.map(({ value }) => value),
    [0],
  );
  model.answer();
  assert.equal(model.sent.at(-1)?.value, 99);
  assert.ok(send.busy("slider"));
  assert.ok(send.busy("other"));
  model.answer();
  assert.ok(!send.busy("slider"));
  assert.equal(model.sent.at(-1)?.name, "undo");
  model.answer();
  assert.equal(model.sent.length, 3);
  over.abort();
  assert.equal(model.listeners.size, 0, "nothing listens any more");
});

test("a message keeps its own fields", () => {
  const model = new Model();
  const over = new AbortController();
  sender(model, over.signal)("set vcpus", { name: "set", id: "vcpus", value: 3 });
  const { seq, ...message } = model.sent[0];
  assert.equal(typeof seq, "number");
  assert.deepEqual(message, { name: "set", id: "vcpus", value: 3 });
  over.abort();
});

test("the answer to another page's message is not taken for one's own", () => {
  const model = new Model();
  const over = new AbortController();
  let answers = 0;
  const options = { answered: () => answers++ };
  const send = sender(model, over.signal, options);
  send("slider", { name: "set", value: 1 });
  send("slider", { name: "set", value: 2 });
  model.answer(model.sent[0].seq - 1);
  assert.equal(model.sent.length, 1);
  assert.equal(answers, 0);
  model.answer();
  assert.equal(model.sent.length, 2);
  assert.equal(answers, 1);
  over.abort();
});

test("a lost answer does not stop the view for ever", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const model = new Model();
  const over = new AbortController();
  const send = sender(model, over.signal, { patience: 1000 });
  send("slider", { name: "set", value: 1 });
  send("slider", { name: "set", value: 2 });
  mock.timers.tick(999);
  assert.equal(model.sent.length, 1);
  mock.timers.tick(1);
  assert.equal(model.sent.at(-1)?.value, 2);
  over.abort();
  mock.timers.tick(5000);
  assert.equal(model.sent.length, 2);
  mock.timers.reset();
});

test("a kernel that is gone stops neither the view nor what it does next", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const model = new Model();
  const over = new AbortController();
  const send = sender(model, over.signal, { patience: 1000 });
  model.send = () => assert.fail("Cannot send");
  send("slider", { name: "set", value: 1 });
  delete model.send;
  send("slider", { name: "set", value: 2 });
  mock.timers.tick(1000);
  assert.deepEqual(
    model.sent.map(({ value }) => value),
    [2],
  );
  over.abort();
  mock.timers.reset();
});
