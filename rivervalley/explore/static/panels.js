/* The panels beside the charts: numbers, pinned schedules, a real run to be guessed, code to take away. */
rv.panels = (() => {
  const { byId, NAMES } = rv.controls, format = rv.format;
  const text = (id, value) => { const node = byId(id); if (node.textContent !== value) node.textContent = value; };
  const element = (name, content, attributes = {}) => {
    const node = document.createElement(name);
    node.append(content);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };

  /* A short line in a schedule's colour and dashes. */
  function swatch(colour) {
    const svg = byId("swatch").content.firstElementChild.cloneNode(true);
    svg.classList.add(colour);
    return svg;
  }

  function title(s) {
    if (s.kind === "run") return s.label;
    const detail = [`${format.steps(s.steps)} steps`, `peak ${format.lr(s.peak)}`];
    if (s.kind === "wsd") detail.push(`${Number(((100 * s.decay) / s.steps).toPrecision(2))} % ${s.shape} decay`);
    if (s.kind === "wsd_s") detail.push(`${s.cycles} checkpoints, ${Number((100 * s.fraction).toPrecision(2))} % ${s.shape} decays`);
    if (s.kind === "knots") detail.push(`${s.knots.length} knots`);
    return `${NAMES[s.kind]}, ${detail.join(", ")}`;
  }

  /* Final loss, interval, gain, training saved, S, annealing term. */
  function numbers(result) {
    const { predicted, reference, steps, supported } = result, r = predicted.loss.length - 1, loss = predicted.loss[r];
    text("final-loss", supported ? format.nats(loss) : "\u2013");
    const interval = predicted.low && supported && Number.isFinite(predicted.high[r]);
    text("final-interval", interval ? `${format.nats(predicted.low[r])} to ${format.nats(predicted.high[r])}` : predicted.low ? "no interval: beyond the fit" : "no interval: the law was not fitted");
    const gain = reference.at_end - loss;
    text("gain", supported ? signed(gain) : "\u2013");
    const reached = rv.predict.reaches(reference, loss);
    if (!supported) text("saved", "\u2013");
    else text("saved", reached === null ? "out of reach" : `${format.steps(Number((reached - steps).toPrecision(3)))} steps`);
    text("saved-note", reached === null ? `of a constant LR in ${format.steps(rv.predict.FARTHEST)} times the steps` : `a constant LR takes ${Number((reached / steps).toPrecision(3))} times as many`);
    text("progress", format.sum(predicted.S[r]));
    text("annealing-term", format.nats(predicted.mixed[r]));
  }

  /* For who cannot see the charts: one sentence when the hand is off. */
  function spoken(result) {
    const { predicted, reference, supported } = result, r = predicted.loss.length - 1;
    if (!supported) return text("spoken", "No prediction for this schedule.");
    const band = predicted.low ? `, interval ${format.nats(predicted.low[r])} to ${format.nats(predicted.high[r])}` : "";
    text("spoken", `Final loss ${format.nats(predicted.loss[r])}${band}; ${format.nats(reference.at_end - predicted.loss[r])} nats below a constant LR.`);
  }

  function cautions({ cautions: sentences, unsupported }) {
    const list = unsupported ? [unsupported, ...sentences] : sentences, node = byId("cautions");
    if (node.dataset.shown === list.join("|")) return;
    node.dataset.shown = list.join("|");
    node.hidden = list.length === 0;
    node.replaceChildren(...list.map((sentence) => element("p", sentence)));
  }

  /* Rows: this schedule, then the pinned ones with their difference from it. Rows stay while the pins do; texts change. */
  let rows = [], shown = null;
  function pinned(current, pins, interval, { load, remove }) {
    const key = pins.map((pin) => `${pin.colour} ${title(pin.schedule)}`).join("|");
    if (key !== shown) {
      shown = key;
      rows = [tableRow("current", []), ...pins.map((pin, k) => tableRow(`pin-${pin.colour}`, [
        button("Load", `Load pinned schedule ${k + 1}`, () => load(k)), button("\u00d7", `Remove pinned schedule ${k + 1}`, () => remove(k)),
      ]))];
      byId("pinned-rows").replaceChildren(...rows.map((row) => row.node));
      byId("pin").disabled = pins.length >= rv.charts.PINS;
      byId("pinned-empty").hidden = pins.length > 0;
    }
    fill(rows[0].cells, [title(current.schedule), format.nats(current.end.loss), "", ""]);
    pins.forEach((pin, k) => {
      const { value, reach } = rv.predict.difference(interval, current.end, pin.end), known = reach !== null && Number.isFinite(reach);
      const verdict = !known ? "" : Math.abs(value) <= reach ? "too close to tell" : value > 0 ? "ends higher" : "ends lower";
      const difference = `${signed(value)}${known ? ` \u00b1 ${format.nats(reach)}` : ""}`;
      fill(rows[k + 1].cells, [title(pin.schedule), format.nats(pin.end.loss), difference, verdict]);
    });
  }

  function tableRow(colour, buttons) {
    const cells = Array.from({ length: 4 }, () => document.createTextNode("")), node = document.createElement("tr");
    cells.forEach((cell, k) => node.append(element("td", cell, { class: ["name", "number", "number", ""][k] })));
    node.firstElementChild.prepend(swatch(colour));
    const last = element("td", "", { class: "buttons" });
    last.append(...buttons);
    node.append(last);
    return { node, cells };
  }

  function fill(cells, texts) {
    texts.forEach((value, k) => { if (cells[k].data !== value) cells[k].data = value; });
  }

  function button(label, name, action) {
    const node = element("button", label, { type: "button", "aria-label": name });
    node.addEventListener("click", action);
    return node;
  }

  const signed = (value) => `${value > 0 ? "+" : ""}${format.nats(value)}`;

  /* What became of the prediction, and of a guess, once a run is revealed. */
  function revealed(run, predicted, guess) {
    const r = predicted.loss.length - 1, miss = predicted.loss[r] - run.end_loss;
    const inside = predicted.low && run.end_loss >= predicted.low[r] && run.end_loss <= predicted.high[r];
    const lines = [`Measured at the end: ${format.nats(run.end_loss)}.`,
      `The law says ${format.nats(predicted.loss[r])}: ${signed(miss)} nats` +
        (predicted.low ? `, ${inside ? "inside" : "outside"} its interval.` : ".")];
    if (run.fitted) lines.push("The law was fitted to this run.");
    if (Number.isFinite(guess)) lines.push(`Your guess ${format.nats(guess)}: ${signed(guess - run.end_loss)} nats.`);
    byId("reveal-result").replaceChildren(...lines.map((line) => element("p", line)));
  }

  async function toClipboard(value, button) {
    let done = true;
    try { await navigator.clipboard.writeText(value); } catch {
      const area = element("textarea", value);
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const label = button.dataset.label || (button.dataset.label = button.textContent);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  function code(language, s, built) {
    if (language === "rivervalley") return rv.copy.rivervalley(s);
    if (language === "torch") return rv.copy.torch(built.pieces);
    if (language === "optax") return rv.copy.optax(built.pieces);
    return rv.copy.csv(built);
  }

  return { title, numbers, spoken, cautions, pinned, revealed, toClipboard, code, text };
})();
