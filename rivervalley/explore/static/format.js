/* Numbers as the page shows them. */
rv.format = (() => {
  const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const minus = (text) => text.replace("-", "\u2212");

  const steps = (n) => minus(grouped.format(n));
  const nats = (value) => (Number.isFinite(value) ? minus(value.toFixed(4)) : "\u2013");

  /* Three digits: 0.012, 3e-4. */
  function lr(value) {
    if (value === 0) return "0";
    const short = Number(value.toPrecision(3));
    return short >= 1e-2 && short < 1e4 ? String(short) : short.toExponential().replace("e+", "e");
  }

  function sum(value) {
    if (!Number.isFinite(value)) return "\u2013";
    return Math.abs(value) >= 1000 ? steps(value) : minus(String(Number(value.toPrecision(4))));
  }

  return { steps, nats, lr, sum };
})();
