/* One function for all laws that are a power of progress plus a mixture of exponential averages:
 *
 *     L = offset + sum_j c_j S^-a_j + B N,      N = sum_i w_i m_i,      m_i <- m_i + (g - m_i)(1 - exp(-v_i d))
 *
 *   lr    LR of an update; repeat, where given, how many equal updates an entry stands for
 *   n     rms of AdamW's weights, n'^2 = (1 - lr wd)^2 n^2 + lr^2, where the law has one; wide = 0.02 / n
 *   S     progress, x what the mixture averages (g = x^p), d the memory's clock: each a power of LR and of wide
 *   v, w  nodes of the mixture and their weights, computed in Python; rows of w after the first give derivatives of N
 *   drift nodes whose weight depends on the LR at which a drop happens (multi-power law with gamma above 0)
 *
 * Updates are taken in blocks over which x moves by at most the share `slack`; in a block the target moves straight along the
 * memory's clock. With slack 0 that is the recursion from update to update.
 */
rv.law = (() => {
  const WIDTH = 0.02, FASTEST_CLOCK = 1e6;

  /* Arrays that are filled anew at every evaluation: a schedule of 100,000 updates needs several, many times a second. */
  const rooms = new Map();
  function room(name, size) {
    let array = rooms.get(name);
    if (!array || array.length !== size) rooms.set(name, (array = new Float64Array(size)));
    return array;
  }

  /* LRs as progress and the mixture count them: what the warm-up counts for is the law's convention. */
  function countedRates(convention, lr, warmup) {
    if (warmup === 0 || convention === "included") return { forward: lr, annealing: lr };
    const held = room("held", lr.length);
    held.set(lr);
    held.fill(convention === "full" ? largest(lr) : lr[warmup - 1], 0, warmup);
    return { forward: convention === "full" ? held : lr, annealing: held };
  }

  function largest(values) {
    let top = 0;
    for (let t = 0; t < values.length; t++) if (values[t] > top) top = values[t];
    return top;
  }

  /* wide = 0.02 / n before the first and before the last of an entry's updates; null where the law has no norm. */
  function widths(norm, lr, repeat) {
    if (!norm) return null;
    const first = room("wide", lr.length), last = repeat ? room("wide last", lr.length) : first;
    let square = norm.init_std * norm.init_std;
    for (let t = 0; t < lr.length; t++) {
      const eta = lr[t] * norm.lr_scale, keep = 1 - eta * norm.weight_decay, shrink = keep * keep;
      first[t] = WIDTH / Math.sqrt(square);
      if (repeat) {
        const before = repeat[t] - 1, left = Math.pow(shrink, before);
        if (before > 0) square = left * square + eta * eta * (shrink < 1 ? (1 - left) / (1 - shrink) : before);
        last[t] = WIDTH / Math.sqrt(square);
      }
      square = shrink * square + eta * eta;
    }
    return { first, last };
  }

  /* (lr / unit)^power wide^width for every entry, at_zero where the LR is 0. */
  function clock(spec, lr, wide, scale, out) {
    const unit = (spec.unit === "peak" ? Math.max(largest(lr), 1e-300) : spec.unit) / scale, count = lr.length;
    if (spec.power === 1) for (let t = 0; t < count; t++) out[t] = lr[t] / unit;
    else if (spec.power === 0) out.fill(1);
    else for (let t = 0; t < count; t++) out[t] = lr[t] > 0 ? Math.min(Math.pow(lr[t] / unit, spec.power), FASTEST_CLOCK) : spec.at_zero;
    if (!wide || spec.width === 0) return out;
    if (spec.width === 1) for (let t = 0; t < count; t++) out[t] *= wide[t];
    else if (spec.width === 1.5) for (let t = 0; t < count; t++) out[t] *= wide[t] * Math.sqrt(wide[t]);
    else for (let t = 0; t < count; t++) out[t] *= Math.pow(wide[t], spec.width);
    return out;
  }

  /* A clock at the first and the last update of every entry, and what an entry adds to it. Equal clocks are computed once. */
  function clocksOf(rates, wide, scale, repeat) {
    const known = new Map();
    return (spec) => {
      const key = `${spec.rates} ${spec.unit} ${spec.power} ${spec.width}`;
      if (known.has(key)) return known.get(key);
      const lr = rates[spec.rates], name = `clock ${known.size}`;
      const first = clock(spec, lr, wide && wide.first, scale, room(name, lr.length));
      const found = { first, last: first, sum: first, repeat };
      if (repeat) {
        found.last = clock(spec, lr, wide && wide.last, scale, room(`${name} last`, lr.length));
        found.sum = room(`${name} sum`, lr.length);
        for (let t = 0; t < lr.length; t++) found.sum[t] = 0.5 * repeat[t] * (first[t] + found.last[t]);
      }
      known.set(key, found);
      return found;
    };
  }

  /* Weights of the nodes for a drop at LR eta, one row for N and one for each derivative asked for. */
  function driftingWeights(drift, eta, rows) {
    const rate = Math.log(eta), shift = drift.gamma * rate - drift.log_K;
    for (let i = 0; i < drift.y.length; i++) {
      const z = drift.y[i] + shift, u = Math.exp(z), w = Math.exp(drift.beta * z - u - drift.norm);
      rows[0][i] = w;
      for (let k = 1; k < rows.length; k++) {
        const slope = drift.slopes[k - 1];
        rows[k][i] = w * (slope === "K" ? (u - drift.beta) / drift.K : slope === "beta" ? z - drift.psi : rate * (drift.beta - u));
      }
    }
  }

  /* The mixture after the entries `at`: rows of N and its derivatives, each with an entry for each of `at`. */
  function averages(mixture, x, d, p, at, slack, longest) {
    const v = mixture.nodes, nodes = v.length, drift = mixture.drift || null;
    const count = drift ? 1 + drift.slopes.length : mixture.weights.length;
    const out = Array.from({ length: count }, () => new Float64Array(at.length));
    const zeros = () => Array.from({ length: drift ? count : 1 }, () => new Float64Array(nodes));
    const state = zeros(), target = zeros(), weights = drift ? zeros() : mixture.weights;
    const start = mixture.start === "first" ? Math.pow(x.first[0], p) : 0;
    const floor = drift ? drift.floor * Math.max(largest(x.first), 1e-300) : 0;
    if (!drift) state[0].fill(start);
    const stay = new Float64Array(nodes), mean = new Float64Array(nodes);
    let spent = NaN, t = 0, before = x.first[0];
    for (let r = 0; r < at.length; ) {
      const begun = t;
      let total = d.sum[t], low = Math.min(x.first[t], x.last[t]), high = Math.max(x.first[t], x.last[t]);
      t++;
      while (t <= at[r] && t - begun < longest) {
        const bottom = Math.min(low, x.first[t]), top = Math.max(high, x.first[t]);
        if (top - bottom > slack * top) break;
        low = bottom;
        high = top;
        total += d.sum[t];
        t++;
      }
      if (total !== spent) {
        for (let i = 0; i < nodes; i++) {
          const z = v[i] * total;
          stay[i] = Math.exp(-z);
          mean[i] = z > 1e-4 ? (1 - stay[i]) / z : 1 - z * (0.5 - z / 6);
        }
        spent = total;
      }
      const updates = x.repeat ? x.repeat[begun] : t - begun;
      if (drift) {
        const first = x.first[begun], last = x.last[t - 1];
        moveDrifting(drift, state, target, weights, stay, mean, before - first, first - last, first, last, updates, floor);
        before = last;
      } else {
        let begin = Math.pow(x.first[begun], p), end = updates > 1 ? Math.pow(x.last[t - 1], p) : begin;
        const half = updates > 1 ? 0.5 * (end - begin) / (updates - 1) : 0;
        begin -= half;
        end += half;
        const m = state[0];
        for (let i = 0; i < nodes; i++) m[i] = stay[i] * m[i] + (end - stay[i] * begin) - (end - begin) * mean[i];
      }
      if (t - 1 === at[r]) {
        for (let k = 0; k < count; k++) {
          const m = state[drift ? k : 0], w = drift ? null : weights[k];
          let sum = 0;
          for (let i = 0; i < nodes; i++) sum += drift ? m[i] : w[i] * (m[i] - start);
          out[k][r] = sum;
        }
        r++;
      }
    }
    return out;
  }

  /* A block of updates where weights depend on the LR: a drop at its first update, and one spread over the others. */
  function moveDrifting(drift, state, target, weights, stay, mean, drop, spread, first, last, updates, floor) {
    const nodes = stay.length;
    const advance = (fall) => {
      for (let k = 0; k < target.length; k++) {
        const T = target[k], w = weights[k];
        for (let i = 0; i < nodes; i++) T[i] -= fall * w[i];
      }
    };
    if (drop !== 0) {
      driftingWeights(drift, Math.max(first, floor), weights);
      advance(drop);
    }
    if (spread !== 0) driftingWeights(drift, Math.max(0.5 * (first + last), floor), weights);
    const half = updates > 1 ? 0.5 * spread / (updates - 1) : 0;
    for (let k = 0; k < state.length; k++) {
      const X = state[k], T = target[k], w = weights[k];
      for (let i = 0; i < nodes; i++) {
        const by = spread !== 0 ? w[i] : 0;
        const begin = T[i] + half * by, end = T[i] - (spread + half) * by;
        X[i] = stay[i] * X[i] + (end - stay[i] * begin) - (end - begin) * mean[i];
      }
    }
    if (spread !== 0) advance(spread);
  }

  /* The law along a run, after each of the entries `at` (rising indices): progress S, cumulative LR `area`, annealing
   * term B N, loss, and the derivatives of log loss by the fitted parameters. run: {lr, warmup, repeat?}; slack is the law's own where not given. */
  function evaluate(law, run, at, slack) {
    const repeat = run.repeat || null, scale = law.norm ? law.norm.lr_scale : 1;
    const rates = countedRates(law.warmup_area, run.lr, run.warmup);
    const clocks = clocksOf(rates, widths(law.norm, run.lr, repeat), scale, repeat);
    const progress = clocks(law.progress).sum;
    const S = new Float64Array(at.length), area = new Float64Array(at.length);
    for (let t = 0, r = 0, sum = 0, rate = 0; r < at.length; t++) {
      sum += progress[t];
      rate += repeat ? repeat[t] * rates.forward[t] : rates.forward[t];
      if (t !== at[r]) continue;
      area[r] = rate;
      S[r++] = law.progress_unit * sum;
    }
    const rows = [];
    for (const mixture of law.mixtures) {
      const longest = repeat ? 1 : mixture.longest, share = slack ?? mixture.slack;
      const found = averages(mixture, clocks(law.averaged), clocks(mixture.memory), law.averaged_power, at, share, longest);
      found.forEach((row, k) => {
        if (!rows[k]) rows[k] = row;
        else for (let r = 0; r < row.length; r++) rows[k][r] += row[r];
      });
    }
    return { area, ...assemble(law, S, rows) };
  }

  function assemble(law, S, rows) {
    const size = S.length, loss = new Float64Array(size), mixed = new Float64Array(size);
    const powers = law.powers.map((term) => S.map((s) => Math.pow(s, -term.exponent)));
    for (let r = 0; r < size; r++) {
      let total = law.offset;
      law.powers.forEach((term, j) => { if (term.coefficient !== 0) total += term.coefficient * powers[j][r]; });
      if (rows.length && law.coefficient !== 0) mixed[r] = law.coefficient * rows[0][r];
      loss[r] = total + mixed[r];
    }
    const slopes = law.slopes.map(({ kind, index }) => {
      const out = new Float64Array(size), power = law.powers[index];
      for (let r = 0; r < size; r++) {
        if (kind === "offset") out[r] = 1 / loss[r];
        else if (kind === "power") out[r] = powers[index][r] / loss[r];
        else if (kind === "exponent") out[r] = -power.coefficient * Math.log(S[r]) * powers[index][r] / loss[r];
        else if (kind === "mixture") out[r] = rows[0][r] / loss[r];
        else out[r] = law.coefficient * rows[index][r] / loss[r];
      }
      return out;
    });
    return { S, mixed, loss, slopes };
  }

  return { evaluate };
})();
