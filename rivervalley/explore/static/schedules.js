/* Schedules as the page holds them, and their LRs: lr[t] is the LR of update t + 1, as in rivervalley.schedules.
 *
 * A schedule is {kind, steps, peak, warmup, ...}; `build` turns it into pieces, LRs and the knots that can be dragged.
 * A piece gives lr[start:end] with u = (n - ref) / div for start <= n < end: the form in which public runs are stored.
 */
rv.schedules = (() => {
  const KINDS = ["constant", "cosine", "linear", "wsd", "wsd_s", "knots"];
  const SHAPES = ["linear", "cosine", "sqrt", "inverse", "exponential", "square"];
  const FEWEST_STEPS = 50, MOST_STEPS = 1_000_000, LEAST_SHARE = 1e-3, MOST_KNOTS = 12;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const positiveEnd = (shape) => shape === "inverse" || shape === "exponential";

  /* What is left at u of the way from lr0 to lr1. */
  const PATHS = {
    const: (a) => a,
    linear: (a, b, u) => b + (a - b) * (1 - u),
    cosine: (a, b, u) => { const c = Math.cos(0.5 * Math.PI * u); return b + (a - b) * c * c; },
    sqrt: (a, b, u) => b + (a - b) * (1 - Math.sqrt(u)),
    square: (a, b, u) => b + (a - b) * (1 - u * u),
    exp: (a, b, u) => a * Math.exp(u * Math.log(b / a)),
    inverse: (a, b, u) => a / (1 + (a / b - 1) * u),
  };

  function rates(pieces) {
    const lr = new Float64Array(pieces[pieces.length - 1].end);
    for (const { start, end, shape, lr0, lr1, ref, div } of pieces) {
      const path = PATHS[shape];
      if (shape === "const") lr.fill(lr0, start, end);
      else for (let n = start; n < end; n++) {
        const u = (n - ref) / div;
        lr[n] = u >= 1 ? lr1 : path(lr0, lr1, u);
      }
    }
    return lr;
  }

  /* From the LR after update `start`, exclusive, to that of update `end`, inclusive. */
  function leg(start, end, shape, lr0, lr1) {
    const stored = shape === "exponential" ? "exp" : lr0 === lr1 ? "const" : shape;
    return { start, end, shape: stored, lr0, lr1, ref: start - 1, div: Math.max(end - start, 1) };
  }

  /* Python's round: halves to even. */
  function round(value) {
    const low = Math.floor(value), rest = value - low;
    return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low + (low % 2);
  }

  /* The same schedule with every number where it can be used; wrong or missing ones become usual ones. */
  function checked(s, usual) {
    const number = (value, otherwise) => (Number.isFinite(value) ? value : otherwise);
    const kind = KINDS.includes(s.kind) ? s.kind : "wsd";
    const steps = clamp(Math.round(number(s.steps, usual.steps)), FEWEST_STEPS, MOST_STEPS);
    const peak = clamp(number(s.peak, usual.peak), usual.peak * 1e-3, usual.peak * 1e3);
    const warmup = clamp(Math.round(number(s.warmup, usual.warmup)), 0, Math.floor(steps / 2));
    const out = { kind, steps, peak, warmup };
    if (kind === "constant") return out;
    if (kind === "knots") return { kind, steps, ...checkedKnots(s.knots, steps, peak, usual) };
    out.final = clamp(number(s.final, kind === "wsd_s" ? 0.1 * peak : 0), 0, peak);
    if (kind === "wsd") {
      out.decay = clamp(Math.round(number(s.decay, 0.2 * steps)), 1, steps - warmup);
      out.shape = SHAPES.includes(s.shape) ? s.shape : "linear";
    }
    if (kind === "wsd_s") {
      out.cycles = clamp(Math.round(number(s.cycles, 4)), 2, 8);
      out.shape = SHAPES.includes(s.shape) ? s.shape : "inverse";
      out.warmup = Math.min(warmup, Math.floor(steps / out.cycles / 2));
      const ends = checkpoints(out), most = Math.min(...ends.map((end, k) => (end - (k > 0 ? ends[k - 1] : out.warmup)) / end));
      out.fraction = Math.floor(clamp(number(s.fraction, 0.1), Math.max(1.5 / ends[0], 1e-3), most) * 1e4) / 1e4;
    }
    if (positiveEnd(out.shape)) out.final = Math.max(out.final, LEAST_SHARE * peak);
    return out;
  }

  function checkedKnots(knots, steps, peak, usual) {
    const usable = (Array.isArray(knots) ? knots : []).filter(([n, lr]) => Number.isFinite(n) && Number.isFinite(lr));
    let given = usable.slice(0, MOST_KNOTS).sort((a, b) => a[0] - b[0]);
    if (given.length < 2) given = [[Math.round(0.02 * steps), peak], [Math.round(0.8 * steps), peak], [steps, 0]];
    const stretch = steps / given[given.length - 1][0];
    const last = given.length - 1, placed = [];
    given.forEach(([n, lr], k) => {
      const low = k === 0 ? 0 : placed[k - 1][0] + 1;
      const place = k === last ? steps : clamp(Math.round(n * stretch), low, steps - (last - k));
      placed.push([place, clamp(lr, 0, usual.peak * 1e3)]);
    });
    if (!placed.some(([, lr]) => lr > 0)) placed[0][1] = peak;
    return { knots: placed, warmup: placed[0][0], peak: Math.max(...placed.map(([, lr]) => lr)) };
  }

  const checkpoints = (s) => Array.from({ length: s.cycles }, (_, k) => Math.round((s.steps * (k + 1)) / s.cycles));

  function pieces(s) {
    const out = [];
    const go = (end, shape, lr0, lr1) => {
      const start = out.length ? out[out.length - 1].end : 0;
      if (end > start) out.push(leg(start, end, shape, lr0, lr1));
    };
    if (s.kind === "knots") {
      go(s.knots[0][0], "linear", 0, s.knots[0][1]);
      for (let k = 1; k < s.knots.length; k++) go(s.knots[k][0], "linear", s.knots[k - 1][1], s.knots[k][1]);
      return out;
    }
    go(s.warmup, "linear", 0, s.peak);
    if (s.kind === "constant") go(s.steps, "linear", s.peak, s.peak);
    else if (s.kind === "wsd") {
      go(s.steps - s.decay, "linear", s.peak, s.peak);
      go(s.steps, s.shape, s.peak, s.final);
    } else if (s.kind === "wsd_s") {
      for (const end of checkpoints(s)) {
        go(end - round(s.fraction * end), "linear", s.peak, s.peak);
        go(end, s.shape, s.peak, s.final);
      }
    } else go(s.steps, s.kind, s.peak, s.final);
    return out;
  }

  /* Where the schedule can be taken hold of: [step, LR] and which of the two may move. */
  function handles(s) {
    if (s.kind === "knots") {
      return s.knots.map(([n, lr], k) => ({ n, lr, across: k < s.knots.length - 1, up: true }));
    }
    const out = [{ n: s.warmup, lr: s.peak, across: true, up: true }];
    if (s.kind === "constant") out.push({ n: s.steps, lr: s.peak, across: false, up: true });
    if (s.kind === "wsd") out.push({ n: s.steps - s.decay, lr: s.peak, across: true, up: true });
    if (s.kind === "wsd_s") {
      const end = checkpoints(s)[0];
      out.push({ n: end - round(s.fraction * end), lr: s.peak, across: true, up: true });
    }
    if (s.kind !== "constant") out.push({ n: s.steps, lr: s.final, across: false, up: true });
    return out;
  }

  /* The schedule after its knot k was moved to (n, lr). */
  function moved(s, k, n, lr) {
    const handle = handles(s)[k], last = k === handles(s).length - 1;
    if (s.kind === "knots") {
      const knots = s.knots.map((knot) => [...knot]);
      const low = k > 0 ? knots[k - 1][0] + 1 : 0, high = last ? s.steps : knots[k + 1][0] - 1;
      knots[k] = [last ? s.steps : clamp(Math.round(n), low, high), Math.max(lr, 0)];
      return { ...s, knots };
    }
    const next = { ...s };
    if (last && s.kind !== "constant") next.final = clamp(lr, 0, s.peak);
    else {
      next.peak = Math.max(lr, 1e-3 * s.peak);
      if ("final" in s) next.final = Math.min(s.final, next.peak);
    }
    if (!handle.across) return next;
    if (k === 0) next.warmup = clamp(Math.round(n), 0, lastStart(s));
    else if (s.kind === "wsd") next.decay = clamp(s.steps - Math.round(n), 1, s.steps - s.warmup);
    else next.fraction = 1 - n / checkpoints(s)[0];
    return next;
  }

  /* The latest end of a warm-up that leaves room for what follows. */
  function lastStart(s) {
    if (s.kind === "wsd") return Math.min(s.steps - s.decay, Math.floor(s.steps / 2));
    if (s.kind === "wsd_s") return checkpoints(s)[0] - round(s.fraction * checkpoints(s)[0]);
    return Math.floor(s.steps / 2);
  }

  /* The same LRs, nearly, as knots to be moved freely. */
  function freed(s) {
    if (s.kind === "knots") return s;
    const lr = rates(pieces(s)), places = new Set([s.warmup, s.steps]);
    for (const piece of pieces(s)) {
      const bent = piece.shape !== "const" && piece.shape !== "linear" && s.kind !== "wsd_s";
      places.add(piece.end);
      if (bent) for (const u of [0.25, 0.5, 0.75, 0.9]) places.add(Math.round(piece.start + u * (piece.end - piece.start)));
    }
    let knots = [...places].sort((a, b) => a - b).map((n) => [n, n > 0 ? lr[n - 1] : s.peak]);
    if (knots.length > MOST_KNOTS) knots = [...knots.slice(0, MOST_KNOTS - 1), knots[knots.length - 1]];
    return { kind: "knots", steps: s.steps, knots, warmup: s.warmup, peak: s.peak };
  }

  function build(s) {
    const parts = s.pieces || pieces(s);
    const lr = rates(parts);
    let peak = 0;
    for (let t = 0; t < lr.length; t++) if (lr[t] > peak) peak = lr[t];
    return { lr, warmup: s.warmup, peak, pieces: parts };
  }

  /* Steps at which curves are drawn: evenly spread, some early ones, and every corner of the schedule. */
  function places(parts, count) {
    const steps = parts[parts.length - 1].end, out = new Set([steps]);
    for (let k = 1; k <= count; k++) out.add(Math.max(1, Math.round((steps * k) / count)));
    for (let k = 0; k < 24; k++) out.add(Math.max(1, Math.round(Math.pow(steps / count, k / 24))));
    for (const piece of parts) {
      if (piece.end < steps) out.add(piece.end).add(piece.end + 1);
    }
    return Int32Array.from([...out].sort((a, b) => a - b));
  }

  return { KINDS, SHAPES, MOST_KNOTS, MOST_STEPS, FEWEST_STEPS, checked, build, handles, moved, freed, checkpoints, places, positiveEnd };
})();
