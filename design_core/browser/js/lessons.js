// What the article on Learn measures while its figures move. Python is the reference:
// scores/lessons.py, scores/formulas.py and scores/distribution.py of design_core; tests/browser compares the two.

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
function correlation(a, b) {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let k = 0; k < n; k++) {
    const [u, v] = [a[k], b[k]];
    sa += u; sb += v; saa += u * u; sbb += v * v; sab += u * v;
  }
  const spread = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return spread > 1e-12 ? (sab - (sa * sb) / n) / Math.sqrt(spread) : 0;
}

/** How alike adjacent pixels are, about the mean and variance of the whole map (neighbour_correlation). */
function neighbourCorrelation(x, columns) {
  const rows = x.length / columns;
  const mean = x.reduce((sum, one) => sum + one, 0) / x.length;
  let [variance, beside, above] = [0, 0, 0];
  for (let p = 0, j = 0; p < x.length; p++) {
    const own = x[p] - mean;
    variance += own * own;
    if (j + 1 < columns) beside += own * (x[p + 1] - mean);
    if (p + columns < x.length) above += own * (x[p + columns] - mean);
    if (++j === columns) j = 0;
  }
  const alike = (beside / (rows * (columns - 1)) + above / ((rows - 1) * columns)) / 2;
  return variance > 0 ? alike / (variance / x.length) : 0;
}

/**
 * Correlation of the means of all rows × columns blocks of bits with those of x (averages_follow):
 * how well a sum over neighbouring bits tells the values that they were.
 */
function averagesFollow(x, bits, columns, [d1, d2]) {
  const [ofX, ofBits] = [blockSums(x, columns, d1, d2), blockSums(bits, columns, d1, d2)];
  return correlation(ofX, ofBits);
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
