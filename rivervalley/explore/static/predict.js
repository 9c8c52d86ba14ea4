/* What the law says about a schedule: the predicted curve with its interval, differences, the gain over a constant LR, cautions.
 * The interval is that of rivervalley.laws.predict_band, the difference that of difference_band. */
rv.predict = (() => {
  const READINGS = 320, DRAGGED_READINGS = 140, FARTHEST = 1000, FINEST = 32;

  /* Variance of log L, or of a difference of two, from that of the estimates; infinite where the fit leaves it open. */
  function estimates(interval, gradient) {
    const V = interval.covariance;
    let variance = 0;
    for (let i = 0; i < V.length; i++) for (let j = 0; j < V.length; j++) variance += gradient[i] * V[i][j] * gradient[j];
    const open = interval.unidentified.some((k) => Math.abs(gradient[k]) > 1e-9);
    return open ? Infinity : Math.max(variance, 0);
  }

  /* Doublings of the peak LR outside the fitted ones. */
  function away(interval, peak) {
    const [low, high] = interval.peak_lr;
    const doublings = peak > 0 ? Math.max(Math.log2(low / peak), Math.log2(peak / high), 0) : 0;
    return doublings > 0.015 ? doublings : 0;
  }

  /* Update counts from which on the LR has risen after the warm-up, and has been 0 for more than one update; LRs of 0 at the end. */
  function unusual({ lr, warmup, peak }) {
    const count = lr.length;
    let rises = count, rests = count;
    for (let t = Math.max(warmup - 1, 0); t + 1 < count && rises === count; t++) if (lr[t + 1] - lr[t] > 1e-9 * peak) rises = t + 1;
    for (let t = 0; t + 1 < count && rests === count; t++) if (lr[t] === 0 && lr[t + 1] === 0) rests = t + 1;
    let zeros = 0;
    while (zeros < count && lr[count - 1 - zeros] === 0) zeros++;
    return { rises, rests, zeros };
  }

  /* Standard deviation for a run shorter or longer than the fitted ones that decay. */
  function length(interval, steps) {
    let nearest = null;
    for (const fitted of interval.decaying_steps) {
      const ratio = Math.log(steps / fitted);
      if (nearest === null || Math.abs(ratio) < Math.abs(nearest)) nearest = ratio;
    }
    if (nearest === null) return 0;
    return nearest > 0 ? interval.longer_sd * nearest : -interval.shorter_sd * nearest;
  }

  function extrapolation(interval, built, step, area, share) {
    const doublings = away(interval, built.peak), unseen = interval.extrapolation_sd;
    let variance = Math.pow(doublings * interval.peak_noise * share, 2) + Math.pow(doublings * interval.peak_sd, 2);
    variance += interval.span_variance + Math.pow(length(interval, built.lr.length), 2);
    if (step > built.rises) variance += unseen * unseen;
    if (step > built.rests) variance += unseen * unseen;
    if (interval.longest_area === null) return variance;
    return variance + Math.pow(unseen * Math.log(Math.max(area / interval.longest_area, 1)), 2);
  }

  /* The law along a built schedule at `steps` (updates done), with low and high where it was fitted. */
  function curve(page, built, steps, slack) {
    const found = rv.law.evaluate(page.law, built, steps.map((n) => n - 1), slack);
    const { loss, mixed, area, slopes } = found, interval = page.interval;
    const out = { steps, ...found, low: null, high: null };
    if (!interval) return out;
    out.low = new Float64Array(loss.length);
    out.high = new Float64Array(loss.length);
    const gradient = new Float64Array(slopes.length);
    for (let r = 0; r < loss.length; r++) {
      for (let k = 0; k < slopes.length; k++) gradient[k] = slopes[k][r];
      const variance = interval.base_variance + estimates(interval, gradient) +
        extrapolation(interval, built, steps[r], area[r], mixed[r] / loss[r]);
      const reach = interval.quantile * Math.sqrt(variance);
      const meant = loss[r] > 0 && Number.isFinite(loss[r]);
      out.low[r] = meant ? loss[r] * Math.exp(-reach) : 0;
      out.high[r] = meant ? loss[r] * Math.exp(reach) : Infinity;
    }
    return out;
  }

  /* What differences need of the end of a curve. */
  function end(built, predicted) {
    const r = predicted.loss.length - 1, loss = predicted.loss[r];
    return { loss, gradient: predicted.slopes.map((row) => row[r]), share: predicted.mixed[r] / loss, peak: built.peak };
  }

  /* Final loss of the first minus that of the second, and the half-width of its interval (null where the law was not fitted). */
  function difference(interval, first, second) {
    const value = first.loss - second.loss;
    if (!interval) return { value, reach: null };
    const gradient = first.gradient.map((slope, k) => slope - second.gradient[k]);
    const doublings = Math.max(away(interval, first.peak), away(interval, second.peak)), d = interval.difference;
    let variance = estimates(interval, gradient) + d.base_variance;
    variance += (d.noise * d.noise + Math.pow(d.peak_noise * doublings, 2)) * Math.pow(first.share - second.share, 2);
    if (d.peak_noise === 0) variance += Math.pow(interval.peak_sd * doublings, 2);
    return { value, reach: interval.quantile * Math.sqrt(variance) * Math.min(first.loss, second.loss) };
  }

  /* A constant LR after the warm-up, with ever longer entries: {steps, loss} from the warm-up's end to a thousand times `steps`. */
  function constant(law, peak, warmup, steps) {
    const lr = [], repeat = [], counts = [];
    let done = 0;
    const add = (rate, updates) => { lr.push(rate); repeat.push(updates); counts.push((done += updates)); };
    for (let t = 1; t <= warmup; t++) add((peak * t) / warmup, 1);
    while (done < FARTHEST * steps) {
      const longest = Math.max(1, Math.floor(done / FINEST));
      add(peak, done < steps && done + longest > steps ? steps - done : longest);
    }
    const from = Math.max(warmup - 1, 0), at = Int32Array.from({ length: lr.length - from }, (_, k) => from + k);
    const run = { lr: Float64Array.from(lr), warmup, repeat: Float64Array.from(repeat) };
    const { loss } = rv.law.evaluate(law, run, at);
    return { steps: counts.slice(from), loss, at_end: loss[counts.indexOf(steps) - from] };
  }

  /* The update count at which the constant run first comes down to a loss; null where it does not. */
  function reaches({ steps, loss }, target) {
    const k = loss.findIndex((value) => value <= target);
    if (k <= 0) return k < 0 ? null : steps[0];
    const share = (loss[k - 1] - target) / (loss[k - 1] - loss[k]);
    return steps[k - 1] + share * (steps[k] - steps[k - 1]);
  }

  /* Sentences on why a prediction extrapolates, as rivervalley.laws says them; `unsupported` where there is none to be made. */
  function cautions(page, built, predicted) {
    const { lr, peak, warmup } = built, out = [], format = rv.format.lr;
    let unsupported = null;
    if (page.interval) {
      const [low, high] = page.interval.peak_lr, fitted = low === high ? format(low) : `${format(low)} to ${format(high)}`;
      if (!page.transfers && !(peak >= 0.99 * low && peak <= 1.01 * high)) {
        out.push(`The peak LR ${format(peak)} differs from the fitted ${fitted}: the ${page.law.name} law is not known to transfer across peak LRs.`);
      } else if (page.transfers && peak > page.highest_peak) {
        out.push(`The peak LR ${format(peak)} is more than twice the highest fitted ${fitted}: no law sees divergence coming.`);
      }
      if (page.unsupported.other_peaks && !(peak >= 0.99 * low && peak <= 1.01 * high)) unsupported = page.unsupported.other_peaks;
      let lowest = Infinity;
      for (let t = Math.max(warmup - 1, 0); t < lr.length; t++) if (lr[t] < lowest) lowest = lr[t];
      if (page.unsupported.decays && lowest < 0.9 * peak) unsupported = page.unsupported.decays;
    }
    if (built.rises < lr.length) out.push("The LR rises after the warm-up, which the fitted curves may not have shown.");
    if (built.zeros > 1) out.push(`The last ${rv.format.steps(built.zeros)} LRs are 0: nothing moves there, but the law may go on falling.`);
    const first = Array.prototype.findIndex.call(predicted.loss, (loss) => !(loss > 0));
    if (first >= 0) out.push(`The law predicts no positive loss at step ${rv.format.steps(predicted.steps[first])}: it does not hold that far from what was fitted.`);
    return { cautions: out, unsupported };
  }

  return { READINGS, DRAGGED_READINGS, FARTHEST, curve, end, difference, constant, reaches, cautions, unusual };
})();
