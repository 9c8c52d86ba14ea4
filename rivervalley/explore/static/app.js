/* The page: one state, drawn whenever it changes. What is expensive waits until the hand is off. */
rv.app = (() => {
  const { byId } = rv.controls, NEAR = 26, FRAMES = 150, POINTS = 160;
  let page = null, state = null, showControls = null, usual = null;
  let built = null, result = null, reference = { key: "" }, waiting = false, roughly = false, settled = 0;
  let dragging = null, chosen = -1, playing = null;
  const stats = { updates: 0, first: 0 };

  /* The schedule of a public run, or null. */
  function runSchedule(name) {
    const run = page.runs.find((item) => item.name === name);
    if (!run) return null;
    const peak = run.pieces.reduce((top, { lr0, lr1, shape }) => Math.max(top, lr0, shape === "const" ? 0 : lr1), 0);
    return { kind: "run", name, label: run.label, steps: run.steps, peak, warmup: run.warmup, pieces: run.pieces };
  }

  const drifts = () => page.law.mixtures.some((mixture) => mixture.drift);

  /* Everything that follows from a schedule. */
  function computed(schedule, rough) {
    const run = rv.schedules.build(schedule);
    Object.assign(run, rv.predict.unusual(run));
    const steps = rv.schedules.places(run.pieces, rough ? rv.predict.DRAGGED_READINGS : rv.predict.READINGS);
    const predicted = rv.predict.curve(page, run, steps, rough && drifts() ? page.dragged_slack : undefined);
    return { run, predicted, end: rv.predict.end(run, predicted) };
  }

  /* The constant LR that the schedule is compared with, kept while it stays the same. */
  function constantFor(schedule, run) {
    const warmup = Math.min(schedule.warmup, schedule.steps - 1), key = `${run.peak} ${warmup} ${schedule.steps}`;
    if (reference.key !== key) reference = { key, ...rv.predict.constant(page.law, run.peak, warmup, schedule.steps) };
    return reference;
  }

  function change(schedule, done) {
    state.schedule = schedule.kind === "run" ? schedule : rv.schedules.checked(schedule, usual);
    request(done);
  }

  function request(done) {
    clearTimeout(settled);
    if (done) settled = setTimeout(settle, 120);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw(!done);
    });
  }

  function draw(rough) {
    const s = state.schedule, { run, predicted, end } = computed(s, rough);
    built = run;
    roughly = rough;
    const verdict = rv.predict.cautions(page, run, predicted);
    result = { predicted, end, steps: s.steps, reference: constantFor(s, run), supported: !verdict.unsupported };
    const handles = s.kind === "run" ? [] : rv.schedules.handles(s);
    showControls(s);
    rv.controls.knots(handles, chosen, { choose, move: nudge });
    byId("parameters").hidden = s.kind === "run";
    rv.panels.text("knots-hint", s.kind === "run" ? "The schedule of a public run" : "Drag the knots, or use arrow keys on");
    byId("edit-knots").hidden = s.kind === "knots";
    byId("add-knot").hidden = byId("remove-knot").hidden = s.kind !== "knots";
    rv.panels.numbers(result);
    rv.panels.cautions(verdict);
    const top = 1.3 * Math.max(run.peak, page.reference_peak, ...state.pins.map((pin) => pin.peak));
    rv.charts.schedule(run, predicted.steps, handles, chosen, top, dragging !== null);
    if (state.tab === "curve") {
      const shown = state.reveal && s.kind === "run" ? measuredOf(s.name) : null;
      const others = state.pins.map((pin) => pin.end.loss);
      rv.charts.loss(predicted, run.warmup, others, shown && shown.y.slice(-5), dragging !== null);
      if (!rough || stats.updates % 3 === 0) rv.charts.parts(predicted, dragging !== null);
    } else drawValley();
    rv.panels.pinned({ schedule: s, end }, state.pins, page.interval, { load, remove });
    stats.updates++;
    if (!stats.first) stats.first = performance.now();
  }

  /* When the hand is off: exact numbers, code, the state in the URL. */
  function settle() {
    if (waiting || roughly) draw(false);
    rv.panels.spoken(result);
    showCode();
    showRun();
    const fragment = rv.state.write(state);
    if (fragment !== location.hash) {
      try { history.replaceState(null, "", fragment); } catch { location.replace(fragment); }
    }
  }

  /* Knots under the pointer. */
  function nearest(event) {
    const figure = rv.charts.model("schedule"), handles = state.schedule.kind === "run" ? [] : rv.schedules.handles(state.schedule);
    const wide = figure.inner_width / (figure.x_range.end - figure.x_range.start);
    const high = figure.inner_height / (figure.y_range.end - figure.y_range.start);
    let best = -1, least = NEAR;
    handles.forEach(({ n, lr }, k) => {
      const distance = Math.hypot((n - event.x) * wide, (lr - event.y) * high);
      if (distance <= least) [best, least] = [k, distance];
    });
    return best;
  }

  function grab(event) {
    const k = nearest(event);
    if (k < 0) return;
    dragging = { k, n: event.x - rv.schedules.handles(state.schedule)[k].n, lr: event.y - rv.schedules.handles(state.schedule)[k].lr };
    chosen = k;
  }

  function drag(event) {
    if (dragging) moveTo(dragging.k, event.x - dragging.n, event.y - dragging.lr, false);
  }

  function drop() {
    if (!dragging) return;
    dragging = null;
    chosen = -1;
    request(true);
  }

  /* Rounded to what can be seen: steps to a 1000th of the run, LRs to two or three digits, and 0 when close to it. */
  function moveTo(k, n, lr, done) {
    const s = state.schedule, grain = Math.max(1, Math.pow(10, Math.floor(Math.log10(s.steps / 500))));
    const rate = lr < 0.008 * built.peak ? 0 : Number(lr.toPrecision(lr < 0.1 * built.peak ? 2 : 3));
    const handle = rv.schedules.handles(s)[k], first = s.kind !== "knots" && k === 0;
    const place = first && n < 0.005 * s.steps ? Math.max(0, Math.round(n)) : grain * Math.round(n / grain);
    change(rv.schedules.moved(s, k, handle.across ? place : handle.n, rate), done);
  }

  function nudge(k, across, up) {
    const handle = rv.schedules.handles(state.schedule)[k];
    moveTo(k, handle.n + across * state.schedule.steps, handle.lr + up * built.peak, true);
  }

  function choose(k) {
    chosen = k;
    request(true);
  }

  /* A knot where the schedule was double-clicked, or in the middle of its longest stretch. */
  function addKnot(event) {
    const s = rv.schedules.freed(state.schedule);
    if (state.schedule.kind === "run" || s.knots.length >= rv.schedules.MOST_KNOTS) return;
    let widest = 1;
    s.knots.forEach(([n], k) => { if (k > 0 && n - s.knots[k - 1][0] > s.knots[widest][0] - s.knots[widest - 1][0]) widest = k; });
    const n = event ? Math.round(event.x) : Math.round(0.5 * (s.knots[widest][0] + s.knots[widest - 1][0]));
    if (n < 1 || n >= s.steps || s.knots.some(([place]) => place === n)) return;
    change({ ...s, knots: [...s.knots, [n, event ? Math.max(0, event.y) : built.lr[n - 1]]] }, true);
  }

  function removeKnot() {
    const { knots } = state.schedule, k = chosen > 0 && chosen < knots.length - 1 ? chosen : knots.length - 2;
    if (knots.length > 2) change({ ...state.schedule, knots: knots.filter((_, i) => i !== k) }, true);
  }

  /* Pinned schedules. */
  function addPin(schedule) {
    if (state.pins.length >= rv.charts.PINS) return;
    const { run, predicted, end } = computed(schedule, false), taken = state.pins.map((pin) => pin.colour);
    const colour = [0, 1, 2, 3].find((k) => !taken.includes(k));
    state.pins.push({ schedule, end, peak: run.peak, colour });
    rv.charts.pinLr(colour, { x: predicted.steps, y: Float64Array.from(predicted.steps, (n) => run.lr[n - 1]) });
    rv.charts.pinLoss(colour, { x: predicted.steps, y: predicted.loss });
  }

  function remove(k) {
    const [pin] = state.pins.splice(k, 1);
    rv.charts.pinLr(pin.colour, null);
    rv.charts.pinLoss(pin.colour, null);
    request(true);
  }

  function load(k) {
    state.schedule = state.pins[k].schedule;
    request(true);
  }

  /* A real run: its schedule first, its losses once they are asked for. */
  function measuredOf(name) {
    const run = page.runs.find((item) => item.name === name);
    return { x: run.at, y: run.loss };
  }

  function chooseRun(name) {
    const schedule = runSchedule(name);
    state.reveal = false;
    byId("guess").value = "";
    if (schedule) change(schedule, true);
  }

  function showRun() {
    const s = state.schedule, active = s.kind === "run";
    byId("run").value = active ? s.name : "";
    byId("reveal").disabled = byId("guess").disabled = !active;
    byId("reveal").textContent = active && state.reveal ? "Hide" : "Reveal";
    const shown = active && state.reveal;
    rv.charts.measured(shown ? measuredOf(s.name) : null);
    byId("reveal-result").hidden = !shown;
    if (shown) rv.panels.revealed(page.runs.find((run) => run.name === s.name), result.predicted, byId("guess").valueAsNumber);
  }

  /* Code to take away. */
  function showCode() {
    const language = document.querySelector("#languages input:checked").value, s = state.schedule;
    if (language !== "csv") return rv.panels.text("code", rv.panels.code(language, s, built));
    const rows = built.lr.length, head = rv.copy.csv({ lr: built.lr.subarray(0, 10), warmup: built.warmup });
    rv.panels.text("code", `${head}${rows > 10 ? `... ${rv.format.steps(rows)} rows\n` : ""}`);
  }

  /* The valley under the same schedule. */
  function drawValley() {
    const { factor, noise } = state.valley, { steps } = result.predicted, scale = page.valley.lr_times * factor;
    const at = steps.map((n) => n - 1), found = rv.valley.expected(page.valley, built.lr, scale, noise, at);
    rv.charts.valleyLoss(steps, found, dragging !== null);
    const r = at.length - 1, good = found.diverged < 0;
    rv.panels.text("river-loss", good ? rv.format.nats(found.river[r]) : "diverges");
    rv.panels.text("hill-loss", good ? rv.format.nats(found.hill[r]) : "diverges");
    rv.panels.text("valley-lr", rv.format.lr(built.peak * scale));
    const note = byId("valley-note");
    note.hidden = good;
    note.textContent = good ? "" : `The hills diverge: the LR reaches ${rv.format.lr(built.peak * scale)} here, and the steepest hill bears ${rv.format.lr(page.valley.largest_lr)}.`;
    const frames = Int32Array.from({ length: FRAMES }, (_, f) => Math.round(((built.lr.length - 1) * f) / (FRAMES - 1)));
    state.cloud = { frames, ...rv.valley.cloud(page.valley, built.lr, good ? scale : 0, noise, Array.from(frames), POINTS) };
    const path = { x: state.cloud.x.map((x) => x.reduce((sum, value) => sum + value, 0) / POINTS), y: new Float64Array(FRAMES) };
    showFrame(Number(byId("time").value), path);
  }

  function showFrame(f, path) {
    if (!state.cloud) return;
    rv.charts.cloud(state.cloud.x[f], state.cloud.y[f], path);
    rv.charts.now(state.cloud.frames[f] + 1);
    rv.panels.text("time-step", `step ${rv.format.steps(state.cloud.frames[f] + 1)}`);
  }

  function play() {
    const slider = byId("time"), button = byId("play");
    if (playing) {
      cancelAnimationFrame(playing);
      playing = null;
      button.textContent = "Play";
      return;
    }
    if (Number(slider.value) >= FRAMES - 1) slider.value = "0";
    let before = performance.now();
    button.textContent = "Pause";
    const next = (time) => {
      const frame = Math.min(FRAMES - 1, Number(slider.value) + Math.floor((time - before) / 40));
      if (frame > Number(slider.value)) {
        before = time;
        slider.value = String(frame);
        showFrame(frame, null);
      }
      playing = requestAnimationFrame(next);
      if (frame >= FRAMES - 1) play();
    };
    playing = requestAnimationFrame(next);
  }

  function showTab(tab) {
    state.tab = tab;
    for (const name of ["curve", "valley"]) {
      const active = name === tab, button = byId(`tab-${name}`);
      button.setAttribute("aria-selected", String(active));
      button.tabIndex = active ? 0 : -1;
      byId(`panel-${name}`).hidden = !active;
    }
    if (tab !== "valley") {
      if (playing) play();
      rv.charts.now(null);
    }
    request(true);
  }

  function theme(next) {
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    rv.panels.text("theme", { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[next]);
    rv.charts.paint();
  }

  /* What the fragment asks for, or what the page starts with. */
  function restore() {
    const given = rv.state.read(location.hash, usual, runSchedule);
    for (let k = 0; k < rv.charts.PINS; k++) {
      rv.charts.pinLr(k, null);
      rv.charts.pinLoss(k, null);
    }
    state = { schedule: given.schedule || rv.schedules.checked({ kind: "wsd" }, usual), pins: [], tab: given.tab, valley: given.valley, reveal: false };
    for (const pin of given.pins) addPin(pin);
    byId("factor").value = String(Math.log2(state.valley.factor));
    byId("noise").value = String(state.valley.noise);
    showTab(state.tab);
  }

  function listen() {
    const on = (id, event, action) => byId(id).addEventListener(event, action);
    on("pin", "click", () => { addPin(state.schedule); request(true); });
    on("edit-knots", "click", () => change(rv.schedules.freed(state.schedule), true));
    on("add-knot", "click", () => addKnot(null));
    on("remove-knot", "mousedown", (event) => event.preventDefault());
    on("remove-knot", "click", removeKnot);
    on("run", "change", () => chooseRun(byId("run").value));
    on("reveal", "click", () => { state.reveal = !state.reveal; request(true); });
    on("languages", "change", showCode);
    on("copy", "click", () => rv.panels.toClipboard(rv.panels.code(document.querySelector("#languages input:checked").value, state.schedule, built), byId("copy")));
    on("link", "click", () => { settle(); rv.panels.toClipboard(location.href, byId("link")); });
    on("theme", "click", () => {
      const now = document.documentElement.dataset.theme || "auto";
      theme({ auto: "light", light: "dark", dark: "auto" }[now]);
    });
    on("play", "click", play);
    on("time", "input", () => showFrame(Number(byId("time").value), null));
    for (const [id, key, from] of [["factor", "factor", (x) => Math.pow(2, x)], ["noise", "noise", (x) => x]]) {
      on(id, "input", () => { state.valley[key] = Number(from(Number(byId(id).value)).toPrecision(3)); request(false); });
      on(id, "change", () => request(true));
    }
    for (const tab of ["curve", "valley"]) {
      on(`tab-${tab}`, "click", () => showTab(tab));
      on(`tab-${tab}`, "keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        showTab(tab === "curve" ? "valley" : "curve");
        byId(`tab-${state.tab}`).focus();
      });
    }
    document.addEventListener("keydown", (event) => {
      if (state.schedule.kind === "knots" && event.key === "Delete" && chosen >= 0) removeKnot();
    });
    addEventListener("hashchange", restore);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => rv.charts.paint());
  }

  /* Called by Bokeh once its figures stand. */
  function start(document_) {
    page = JSON.parse(byId("page-data").textContent);
    usual = page.usual;
    rv.charts.start((name) => document_.get_model_by_name(name));
    rv.charts.paint();
    for (const run of page.runs) {
      const label = `Peak LR ${rv.format.lr(run.peak)}`;
      let group = [...byId("run").children].find((node) => node.label === label);
      if (!group) byId("run").append((group = Object.assign(document.createElement("optgroup"), { label })));
      group.append(new Option(run.fitted ? `${run.label} (in the fit)` : run.label, run.name));
    }
    byId("run-panel").hidden = page.runs.length === 0;
    showControls = rv.controls.start(usual, () => state.schedule, change);
    restore();
    listen();
  }

  return { start, grab, drag, drop, addKnot, stats, get state() { return state; }, get result() { return result; }, get page() { return page; } };
})();
