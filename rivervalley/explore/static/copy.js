/* A schedule as text: the call that rivervalley reads, code for torch and optax, CSV. All give the LR of update t + 1 at t. */
rv.copy = (() => {
  const number = (value) => (value === 0 ? "0.0" : String(value));
  const rounded = (value) => String(Number(value.toPrecision(12)));

  /* The constructor's call, which rivervalley.schedules.parse reads too; knots have none. */
  function call(s) {
    const end = [`warmup_steps=${s.warmup}`];
    const basics = `steps=${s.steps}, peak_lr=${number(s.peak)}`;
    if (s.kind === "constant") return `constant(${basics}, ${end})`;
    if (s.kind === "wsd") {
      return `wsd(${basics}, decay_steps=${s.decay}, decay_shape='${s.shape}', final_lr=${number(s.final)}, ${end})`;
    }
    if (s.kind === "wsd_s") {
      const ends = rv.schedules.checkpoints(s).join(", ");
      return `wsd_s(checkpoints=[${ends}], peak_lr=${number(s.peak)}, decay_fraction=${number(s.fraction)}, ` +
        `decay_shape='${s.shape}', final_lr=${number(s.final)}, ${end})`;
    }
    return `${s.kind}(${basics}, final_lr=${number(s.final)}, ${end})`;
  }

  function rivervalley(s) {
    if (s.kind === "run") return `import rivervalley as rv\n\ns = rv.datasets.load("${s.name}").schedule\n`;
    if (s.kind !== "knots") return `import rivervalley as rv\n\ns = rv.schedules.${call(s)}\n`;
    const knots = [[0, s.knots[0][0] > 0 ? 0 : s.knots[0][1]], ...s.knots.filter(([n]) => n > 0)];
    return "import numpy as np\nimport rivervalley as rv\n\n" +
      `steps = [${knots.map(([n]) => n).join(", ")}]\nrates = [${knots.map(([, lr]) => number(lr)).join(", ")}]\n` +
      `s = rv.schedules.from_lr(np.interp(np.arange(1, ${s.steps} + 1), steps, rates), warmup_steps=${s.warmup})\n`;
  }

  /* The LR at u of a piece, as an expression of Python with math or jnp for the functions. */
  function path({ shape, lr0, lr1 }, library) {
    const a = number(lr0), b = number(lr1), fall = rounded(lr0 - lr1);
    switch (shape) {
      case "const": return a;
      case "linear": return lr0 === 0 ? `${b} * u` : `${b} + ${fall} * (1 - u)`;
      case "cosine": return `${b} + ${fall} * 0.5 * (1 + ${library}.cos(${library}.pi * u))`;
      case "sqrt": return `${b} + ${fall} * (1 - ${library}.sqrt(u))`;
      case "square": return `${b} + ${fall} * (1 - u * u)`;
      case "exp": return `${a} * (${b} / ${a}) ** u`;
      default: return `${a} / (1 + (${a} / ${b} - 1) * u)`;
    }
  }

  const position = ({ shape, ref, div }) => {
    const origin = ref + 1;
    return shape === "const" ? null : origin === 0 ? `n / ${div}` : `(n - ${origin}) / ${div}`;
  };

  function torch(pieces) {
    const lines = pieces.map((piece, k) => {
      const head = k < pieces.length - 1 ? `    if n <= ${piece.end}:\n` : "";
      const indent = head ? "        " : "    ", u = position(piece);
      return `${head}${u ? `${indent}u = ${k < pieces.length - 1 ? u : `min(${u}, 1.0)`}\n` : ""}${indent}return ${path(piece, "math")}\n`;
    });
    return "import math\n\nimport torch\n\n\ndef lr(t):\n    n = t + 1  # updates done after this one\n" + lines.join("") +
      "\n\n# scheduler.step() after every optimizer.step(); the factors are LRs, so the optimizer's own lr is 1\n" +
      "optimizer = torch.optim.AdamW(model.parameters(), lr=1.0)\n" +
      "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr)\n";
  }

  function optax(pieces) {
    const last = pieces.length - 1;
    const value = (piece) => {
      const u = position(piece);
      return u ? `(lambda u: ${path(piece, "jnp")})(jnp.clip(${u}, 0.0, 1.0))` : path(piece, "jnp");
    };
    const rows = pieces.slice(0, last).map((piece) => `        (n <= ${piece.end}, ${value(piece)}),\n`).join("");
    return "import jax.numpy as jnp\nimport optax\n\n\ndef lr(count):\n    n = count + 1  # updates done after this one\n" +
      (last > 0
        ? `    pieces = [\n${rows}    ]\n    conditions, rates = zip(*pieces)\n    return jnp.select(conditions, rates, ${value(pieces[last])})\n`
        : `    return ${value(pieces[last])} + 0.0 * n\n`) +
      "\n\noptimizer = optax.adamw(learning_rate=lr)\n";
  }

  function csv({ lr, warmup }) {
    const rows = Array.from(lr, (rate, t) => `${t},${number(rate)}${warmup ? `,${warmup}` : ""}`);
    return `step,lr${warmup ? ",warmup_steps" : ""}\n${rows.join("\n")}\n`;
  }

  return { call, rivervalley, torch, optax, csv };
})();
