/* The Bokeh figures of the page: their data, ranges and colours. Figures and sources go by the names that figures.py gave them. */
rv.charts = (() => {
  const PINS = 4;
  let model = null, figures = null;
  const last = { top: 0, low: 0, high: 0, annealing: [0, 0] };

  function start(find) {
    model = find;
    figures = ["schedule", "loss", "annealing_part", "progress_part", "valley_loss", "valley_map"].map(find);
  }

  const set = (name, data) => { model(name).data = data; };
  const range = (axis, start, end) => axis.setv({ start, end });

  /* While a knot is dragged ranges may only grow, so that the knot stays under the pointer. */
  function spread(name, low, high, fixed) {
    const [before, after] = last[name] || [low, high];
    last[name] = fixed ? [Math.min(before, low), Math.max(after, high)] : [low, high];
    return last[name];
  }

  function schedule(built, steps, handles, chosen, top, fixed) {
    const lr = Float64Array.from(steps, (n) => built.lr[n - 1]);
    set("lr", { x: steps, y: lr });
    set("knots", {
      x: handles.map(({ n }) => n), y: handles.map(({ lr: y }) => y), size: handles.map((_, k) => (k === chosen ? 19 : 13)),
    });
    const figure = model("schedule"), end = built.lr.length;
    range(figure.x_range, 0, end);
    const [, high] = spread("schedule", 0, top, fixed);
    range(figure.y_range, 0, high);
    for (const other of ["loss", "annealing_part", "progress_part", "valley_loss"]) range(model(other).x_range, 0, end);
  }

  function pin(name, data) {
    model(`${name}_line`).visible = data !== null;
    set(name, data || { x: [], y: [] });
  }

  const pinLr = (k, data) => pin(`lr_pin_${k}`, data);
  const pinLoss = (k, data) => pin(`loss_pin_${k}`, data && { x: data.x, y: cut(data.y) });

  /* Without the steep start, which is out of sight: dashes are lost on a line that goes far beyond the chart. */
  function cut(loss) {
    const most = 3 * loss[loss.length - 1];
    return loss.map((value) => (value > most ? NaN : value));
  }

  /* From where on the loss is shown: the steep start would flatten all the rest. */
  function shownFrom(steps, warmup) {
    const end = steps[steps.length - 1], first = Math.max(0.1 * end, Math.min(1.5 * warmup, 0.5 * end));
    return Math.max(0, Array.prototype.findIndex.call(steps, (n) => n >= first));
  }

  function loss(predicted, warmup, others, measured, fixed) {
    const { steps, loss: y, low, high } = predicted, from = shownFrom(steps, warmup);
    set("loss_line", { x: steps, y: cut(y), low: low || y, high: high || y });
    let bottom = Infinity, top = -Infinity;
    for (let r = from; r < y.length; r++) {
      if (Number.isFinite(y[r])) [bottom, top] = [Math.min(bottom, low ? low[r] : y[r]), Math.max(top, high && Number.isFinite(high[r]) ? high[r] : y[r])];
    }
    for (const value of [...others, ...(measured || [])]) if (value > 0) bottom = Math.min(bottom, value);
    const room = 0.06 * (top - bottom) || 0.1;
    const [from_, to] = spread("loss", bottom - room, top + room, fixed);
    range(model("loss").y_range, from_, to);
  }

  function measured(data) { set("measured", data || { x: [], y: [] }); }

  function parts({ steps, mixed, S }, fixed) {
    set("annealing", { x: steps, y: mixed });
    set("progress", { x: steps, y: S });
    let low = 0, high = 0;
    for (const value of mixed) if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const room = 0.08 * (high - low) || 0.01;
    const [from, to] = spread("annealing", low < 0 ? low - room : 0, high > 0 ? high + room : 0, fixed);
    range(model("annealing_part").y_range, from, to);
    range(model("progress_part").y_range, 0, spread("progress", 0, 1.05 * S[S.length - 1], fixed)[1] || 1);
  }

  function valleyLoss(steps, { river, hill }, fixed) {
    const total = river.map((value, r) => value + hill[r]);
    set("river", { x: steps, y: river });
    set("hill", { x: steps, y: hill });
    set("valley_total", { x: steps, y: total });
    let high = 0;
    for (const value of total) if (Number.isFinite(value)) high = Math.max(high, value);
    range(model("valley_loss").y_range, 0, spread("valley", 0, Math.min(1.08 * high, 1e6), fixed)[1]);
  }

  function cloud(x, y, path) {
    set("cloud", { x, y });
    if (path) set("path", path);
  }

  function now(step) {
    for (const name of ["now_schedule", "now_valley"]) model(name).setv({ location: step === null ? 0 : step, visible: step !== null });
  }

  /* Colours from the style sheet's variables. */
  function paint() {
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`).trim();
    for (const figure of figures) {
      for (const axis of [...figure.below, ...figure.left, ...figure.right]) {
        axis.setv({
          axis_label_text_color: colour("muted"), major_label_text_color: colour("muted"), axis_line_color: colour("line"),
          major_tick_line_color: colour("line"),
        });
      }
      for (const grid of figure.center) if (grid.type === "Grid") grid.grid_line_color = colour("grid");
    }
    const lines = { lr_line: "accent", loss_mean: "accent", annealing_line: "accent", progress_line: "second", river_line: "second",
      hill_line: "accent", valley_total_line: "muted", path_line: "second" };
    for (const [name, value] of Object.entries(lines)) model(name).glyph.line_color = { value: colour(value) };
    for (let k = 0; k < PINS; k++) {
      for (const name of [`lr_pin_${k}_line`, `loss_pin_${k}_line`]) model(name).glyph.line_color = { value: colour(`pin-${k}`) };
    }
    model("loss_band").glyph.setv({ fill_color: { value: colour("accent") } });
    model("knot_marks").glyph.setv({ fill_color: { value: colour("card") }, line_color: { value: colour("accent") } });
    model("measured_marks").glyph.setv({ fill_color: { value: colour("measured") }, line_color: { value: colour("measured") } });
    model("cloud_marks").glyph.setv({ fill_color: { value: colour("accent") }, line_color: { value: colour("accent") } });
    model("unknown_peaks").setv({ fill_color: colour("warn") });
    for (const name of ["now_schedule", "now_valley"]) model(name).line_color = colour("muted");
  }

  return { PINS, start, schedule, pinLr, pinLoss, loss, measured, parts, valleyLoss, cloud, now, paint, model: (name) => model(name) };
})();
