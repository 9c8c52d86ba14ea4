/* The page's state in the URL's fragment: #schedule=wsd(...)&pin=cosine(...)&tab=valley. Whatever is not understood is left out. */
rv.state = (() => {
  const LONGEST = 4000;

  /* name(key=value, ...) as an object of numbers, texts and lists of numbers. */
  function parseCall(text) {
    const match = /^(\w+)\(([^()]*)\)$/.exec(text.trim());
    if (!match) return null;
    const values = {};
    for (const [, key, list, word, plain] of match[2].matchAll(/(\w+)=(?:\[([^\]]*)\]|'(\w*)'|([^,\s]+))/g)) {
      values[key] = list !== undefined ? list.split(",").map(Number) : word !== undefined ? word : Number(plain);
    }
    return { name: match[1], values };
  }

  function scheduleText(s) {
    if (s.kind === "run") return `run:${s.name}`;
    if (s.kind === "knots") return `knots(steps=[${s.knots.map(([n]) => n)}], lr=[${s.knots.map(([, lr]) => lr)}])`;
    return rv.copy.call(s);
  }

  /* The schedule that a text describes, or null; `run` looks a public run up by name. */
  function schedule(text, usual, run) {
    if (text.startsWith("run:")) return run(text.slice(4));
    const call = parseCall(text);
    if (!call || !rv.schedules.KINDS.includes(call.name)) return null;
    const v = call.values, given = { kind: call.name, steps: v.steps, peak: v.peak_lr, warmup: v.warmup_steps, final: v.final_lr };
    if (call.name === "knots") {
      if (!Array.isArray(v.steps) || !Array.isArray(v.lr) || v.steps.length !== v.lr.length) return null;
      given.steps = v.steps[v.steps.length - 1];
      given.knots = v.steps.map((n, k) => [n, v.lr[k]]);
    }
    if (call.name === "wsd_s") {
      const ends = Array.isArray(v.checkpoints) ? v.checkpoints : [];
      Object.assign(given, { steps: ends[ends.length - 1], cycles: ends.length, fraction: v.decay_fraction });
    }
    return rv.schedules.checked({ ...given, decay: v.decay_steps, shape: v.decay_shape }, usual);
  }

  function write(state) {
    const out = new URLSearchParams([["schedule", scheduleText(state.schedule)]]);
    for (const pin of state.pins) out.append("pin", scheduleText(pin.schedule));
    if (state.tab !== "curve") out.set("tab", state.tab);
    if (state.valley.factor !== 1) out.set("lr_times", String(state.valley.factor));
    if (state.valley.noise !== 1) out.set("noise_times", String(state.valley.noise));
    return "#" + out.toString().replaceAll("%28", "(").replaceAll("%29", ")").replaceAll("%2C", ",").replaceAll("%3D", "=")
      .replaceAll("%27", "'").replaceAll("%5B", "[").replaceAll("%5D", "]").replaceAll("%3A", ":").replaceAll("%2F", "/");
  }

  /* What a fragment asks for: a schedule and pins where they are understood, the tab, the valley's factors. */
  function read(fragment, usual, run) {
    const given = new URLSearchParams(fragment.slice(1, LONGEST)), factor = (name) => {
      const value = Number(given.get(name));
      return value > 0 && value <= 10 ? value : 1;
    };
    const text = given.get("schedule");
    return {
      schedule: text ? schedule(text, usual, run) : null,
      pins: given.getAll("pin").slice(0, 4).map((pin) => schedule(pin, usual, run)).filter((pin) => pin),
      tab: given.get("tab") === "valley" ? "valley" : "curve",
      valley: { factor: factor("lr_times"), noise: factor("noise_times") },
    };
  }

  return { read, write, scheduleText };
})();
