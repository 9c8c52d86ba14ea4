/* The straight river valley under a schedule: exact means and variances, and points that move as SGD would move them.
 *
 *   mode    a coordinate with curvature h, noise variance s2 and centre c; the last of `modes` is the river
 *   m, v    its mean and variance: m <- c + (1 - eta h)(m - c),  v <- (1 - eta h)^2 v + eta^2 s2
 *
 * Between two frames a coordinate moves by y <- c + a (y - c) + s z with a the product of the factors and s^2 the variance
 * that came in, z standard normal: the law of the points is that of SGD itself, however far apart the frames are.
 */
rv.valley = (() => {
  const DIVERGED = 1e6;

  /* Expected losses after the updates `at` (rising indices): {river, hill}, and the first update at which they diverge or -1. */
  function expected(valley, lr, factor, noise, at) {
    const modes = valley.modes, count = modes.length;
    const h = Float64Array.from(modes, (mode) => mode.curvature), m = Float64Array.from(modes, (mode) => mode.start - mode.centre);
    const s2 = Float64Array.from(modes, (mode) => Math.pow(mode.noise_std * noise, 2)), v = new Float64Array(count);
    const river = new Float64Array(at.length), hill = new Float64Array(at.length);
    for (let t = 0, r = 0; r < at.length; t++) {
      const eta = lr[t] * factor, push = eta * eta;
      for (let j = 0; j < count; j++) {
        const a = 1 - eta * h[j];
        m[j] *= a;
        v[j] = a * a * v[j] + push * s2[j];
      }
      if (t !== at[r]) continue;
      for (let j = 0; j < count - 1; j++) hill[r] += 0.5 * h[j] * (v[j] + m[j] * m[j]);
      river[r] = 0.5 * h[count - 1] * (v[count - 1] + m[count - 1] * m[count - 1]);
      if (!(hill[r] + river[r] < DIVERGED)) return { river, hill, diverged: at[r] + 1 };
      r++;
    }
    return { river, hill, diverged: -1 };
  }

  /* Normals that are the same every time: mulberry32 and Box-Muller. */
  function normals(count, seed) {
    let state = seed >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let x = Math.imul(state ^ (state >>> 15), 1 | state);
      x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
      return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
    };
    return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  const noiseOf = { points: 0, frames: 0, values: null };

  /* Where the points are at each frame: {x, y} of arrays, one for each frame, along the river and across it. */
  function cloud(valley, lr, factor, noise, frames, points) {
    if (noiseOf.points !== points || noiseOf.frames !== frames.length) {
      Object.assign(noiseOf, { points, frames: frames.length, values: normals(2 * points * frames.length, 12345) });
    }
    const shown = [valley.modes[valley.modes.length - 1], valley.modes[valley.shown]];
    const out = { x: [], y: [] };
    ["x", "y"].forEach((axis, k) => {
      const { curvature, centre, start, noise_std } = shown[k], s2 = Math.pow(noise_std * noise, 2);
      let now = new Float64Array(points).fill(start), t = 0;
      frames.forEach((frame, f) => {
        let a = 1, variance = 0;
        for (; t <= frame; t++) {
          const eta = lr[t] * factor, keep = 1 - eta * curvature;
          a *= keep;
          variance = keep * keep * variance + eta * eta * s2;
        }
        const std = Math.sqrt(variance), offset = (2 * f + k) * points;
        now = now.map((y, i) => centre + a * (y - centre) + std * noiseOf.values[offset + i]);
        out[axis].push(now);
      });
    });
    return out;
  }

  return { expected, cloud };
})();
