// What the article on Learn measures while its figures move. Python is the reference:
// design_core/scores/lessons.py and scores/distribution.py; tests/browser compares the two.

/** Share of neighbour pairs that differ in x whose bits differ too (kept_differences). */
function keptDifferences(x, bits, columns) {
  let [differing, kept] = [0, 0];
  const look = (p, q) => {
    if (x[p] === x[q]) return;
    differing += 1;
    kept += bits[p] ^ bits[q];
  };
  for (let p = 0, j = 0; p < x.length; p++) {
    if (j + 1 < columns) look(p, p + 1);
    if (p + columns < x.length) look(p, p + columns);
    if (++j === columns) j = 0;
  }
  return differing ? kept / differing : 0;
}

/** Share of thresholds that are at most x: the mean of the bits on a map that is x throughout (staircase). */
function staircase(thresholds, x) {
  const value = Math.fround(x);
  return thresholds.reduce((count, one) => count + Number(one <= value), 0) / thresholds.length;
}

/** Share of bits that differ. */
function disagreement(bits, others) {
  let differing = 0;
  for (let p = 0; p < bits.length; p++) differing += bits[p] ^ others[p];
  return differing / bits.length;
}

/** Correlation of two lists of numbers; 0 where one of them is constant. */
function correlation(a, b, pairs) {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (const [p, q] of pairs) {
    const [u, v] = [a[p], b[q]];
    n += 1;
    sa += u; sb += v; saa += u * u; sbb += v * v; sab += u * v;
  }
  const spread = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return spread > 1e-12 ? (sab - (sa * sb) / n) / Math.sqrt(spread) : 0;
}

function* pairsApart(length, columns, step) {
  for (let p = 0; p + step < length; p++) if (step !== 1 || (p + 1) % columns) yield [p, p + step];
}

/** Mean correlation of a map with itself one pixel to the right, and one below (neighbour_correlation). */
function neighbourCorrelation(x, columns) {
  const along = (step) => correlation(x, x, pairsApart(x.length, columns, step));
  return (along(1) + along(columns)) / 2;
}

/**
 * Correlation of the means of all rows × columns blocks of bits with those of x (averages_follow):
 * how well a sum over neighbouring bits tells the values that they were.
 */
function averagesFollow(x, bits, columns, [d1, d2]) {
  const [ofX, ofBits] = [blockSums(x, columns, d1, d2), blockSums(bits, columns, d1, d2)];
  return correlation(ofX, ofBits, ofX.map((_, p) => [p, p]).values());
}

function blockSums(values, columns, d1, d2) {
  const rows = values.length / columns;
  const sums = [];
  for (let i = 0; i + d1 <= rows; i++) {
    for (let j = 0; j + d2 <= columns; j++) {
      let sum = 0;
      for (let u = 0; u < d1; u++) {
        for (let v = 0; v < d2; v++) sum += values[(i + u) * columns + j + v];
      }
      sums.push(sum);
    }
  }
  return sums;
}

/** P(z ≥ t) of a standard normal z: Simpson's rule on its density from t on, right to 9 digits. */
function normalAbove(t) {
  if (t < 0) return 1 - normalAbove(-t);
  const [end, steps] = [t + 9, 400];
  const width = (end - t) / steps;
  let sum = 0;
  for (let k = 0; k <= steps; k++) sum += normalDensity(t + k * width) * (k % steps ? 2 + 2 * (k % 2) : 1);
  return (sum * width) / 3;
}

function normalDensity(z) {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
