/**
 * P(X <= k) for X ~ Poisson(λ): how likely so few are by chance when λ were to be expected (the exact lower tail; for
 * example Casella and Berger, Statistical Inference, 2nd ed., 3.2). 1 where λ is 0.
 */
export function poissonAtMost(k: number, lambda: number): number {
  if (lambda <= 0) return 1;
  if (k < 0) return 0;
  // In logarithms: e^-λ alone is 0 in floating point past λ = 745.
  let term = -lambda;
  let sum = Math.exp(term);
  for (let i = 1; i <= k; i += 1) {
    term += Math.log(lambda / i);
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}
