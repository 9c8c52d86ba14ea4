/* The controls of a schedule: its kind, a number and a slider for each of its parameters, and its knots as buttons for the keyboard. */
rv.controls = (() => {
  const NAMES = { constant: "Constant", cosine: "Cosine", linear: "Linear", wsd: "WSD", wsd_s: "WSD-S", knots: "Knots" };
  const byId = (id) => document.getElementById(id);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const log = (low, high) => ({
    to: (value) => Math.log(clamp(value, low, high) / low) / Math.log(high / low), from: (x) => low * Math.pow(high / low, x),
  });
  const linear = (low, high) => ({
    to: (value) => (high > low ? (clamp(value, low, high) - low) / (high - low) : 0), from: (x) => low + x * (high - low),
  });
  const digits = (value, count) => Number(value.toPrecision(count));
  const nice = (n) => (n < 1000 ? Math.round(n) : digits(n, 2));

  /* Parameters: which kinds have them, how they are read and set, and the scale of their slider. */
  function fields(usual) {
    const scale = log(usual.peak / 20, usual.peak * 8);
    return [
      { key: "steps", label: "Steps", has: () => true, scale: () => log(1000, 200_000), slid: nice, step: 1 },
      { key: "peak", label: "Peak LR", has: (s) => s.kind !== "knots", scale: () => scale, slid: (v) => digits(v, 2), step: "any" },
      { key: "warmup", label: "Warm-up steps", has: (s) => s.kind !== "knots", scale: (s) => linear(0, 0.1 * s.steps), slid: nice, step: 1 },
      { key: "decay", label: "Decay steps", has: (s) => s.kind === "wsd", scale: (s) => linear(1, s.steps - s.warmup), slid: nice, step: 1 },
      { key: "fraction", label: "Decay, share of steps so far", has: (s) => s.kind === "wsd_s", scale: (s) => linear(0.01, 1 / s.cycles), slid: (v) => digits(v, 2), step: "any" },
      { key: "cycles", label: "Checkpoints", has: (s) => s.kind === "wsd_s", scale: () => linear(2, 8), slid: Math.round, step: 1 },
      { key: "final", label: "Final LR", has: (s) => "final" in s, scale: (s) => linear(0, s.peak), slid: (v) => digits(v, 2), step: "any" },
    ];
  }

  const shown = (key, value) => (key === "fraction" ? digits(value, 4) : digits(value, 6));

  /* Builds the controls; `change(schedule, done)` is called with what was asked for, done when the hand is off. */
  function start(usual, current, change) {
    const kinds = byId("kinds");
    for (const kind of rv.schedules.KINDS) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "kind", value: kind });
      input.addEventListener("change", () => change(turned(current(), kind), true));
      label.append(input, NAMES[kind]);
      kinds.append(label);
    }
    const rows = fields(usual).map((field) => {
      const row = document.createElement("div"), label = document.createElement("label");
      const number = document.createElement("input"), slider = document.createElement("input");
      row.className = "field";
      label.htmlFor = number.id = `field-${field.key}`;
      label.textContent = field.label;
      Object.assign(number, { type: "number", step: field.step, min: 0, inputMode: "decimal" });
      Object.assign(slider, { type: "range", min: 0, max: 1, step: 0.001 });
      slider.setAttribute("aria-label", field.label);
      slider.addEventListener("input", () => change(assigned(current(), field.key, field.slid(field.scale(current()).from(Number(slider.value)))), false));
      slider.addEventListener("change", () => change(current(), true));
      number.addEventListener("change", () => change(assigned(current(), field.key, number.valueAsNumber), true));
      row.append(label, number, slider);
      byId("fields").append(row);
      return { field, row, number, slider };
    });
    const shape = byId("shape");
    for (const name of rv.schedules.SHAPES) shape.append(new Option(name === "sqrt" ? "1 \u2212 sqrt" : name, name));
    shape.addEventListener("change", () => change({ ...current(), shape: shape.value }, true));
    return (s) => show(s, kinds, rows, shape);
  }

  const assigned = (s, key, value) => {
    if (key === "steps" && s.kind !== "knots") {
      // Lengths go with the run, so that the shape stays.
      const stretch = value / s.steps;
      return { ...s, steps: value, ...(s.decay ? { decay: s.decay * stretch } : {}) };
    }
    return { ...s, [key]: value };
  };

  /* The same run under another kind of schedule. */
  function turned(s, kind) {
    if (kind === "knots") return rv.schedules.freed(s);
    const final = s.kind === "knots" || s.kind === "run" || s.kind === "constant" ? undefined : s.final;
    return { kind, steps: s.steps, peak: s.peak, warmup: s.warmup, final: kind === "wsd_s" && !final ? undefined : final };
  }

  function show(s, kinds, rows, shape) {
    for (const input of kinds.querySelectorAll("input")) input.checked = input.value === s.kind;
    for (const { field, row, number, slider } of rows) {
      row.hidden = s.kind === "run" || !field.has(s);
      if (row.hidden) continue;
      if (document.activeElement !== number) number.value = String(shown(field.key, s[field.key]));
      if (document.activeElement !== slider || !slider.matches(":active")) slider.value = String(field.scale(s).to(s[field.key]));
    }
    byId("shape-field").hidden = !("shape" in s);
    if ("shape" in s) shape.value = s.shape;
  }

  /* The knots as buttons: arrow keys move them. `move(k, across, up)` in shares of the run and of the peak. */
  function knots(handles, chosen, { choose, move }) {
    const list = byId("knots");
    while (list.children.length > handles.length) list.lastElementChild.remove();
    while (list.children.length < handles.length) {
      const button = document.createElement("button"), k = list.children.length;
      button.type = "button";
      button.addEventListener("focus", () => choose(k));
      button.addEventListener("blur", () => choose(-1));
      button.addEventListener("keydown", (event) => {
        const by = event.shiftKey ? 10 : 1;
        const [across, up] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] }[event.key] || [0, 0];
        if (!across && !up) return;
        event.preventDefault();
        move(k, 0.005 * across, 0.01 * up);
      });
      list.append(button);
    }
    handles.forEach(({ n, lr, across }, k) => {
      const button = list.children[k];
      const label = `${rv.format.steps(n)} \u00b7 ${rv.format.lr(lr)}`;
      button.classList.toggle("chosen", k === chosen);
      if (button.textContent === label) return;
      button.textContent = label;
      button.setAttribute("aria-label", `Knot ${k + 1} of ${handles.length}: step ${n}, LR ${rv.format.lr(lr)}. ` +
        `${across ? "Arrow keys move it" : "Up and down arrow keys change its LR"}, with shift ten times as far.`);
    });
  }

  return { NAMES, start, knots, byId };
})();
