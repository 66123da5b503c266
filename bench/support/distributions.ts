/** Draws from distributions, by a source of numbers from 0 to 1. */
export interface Draws {
  uniform(from: number, to: number): number;
  normal(): number;
  /** With mean 1 and variance `spread` squared. */
  gamma(spread: number): number;
  poisson(mean: number): number;
  chance(share: number): boolean;
  pick<T>(values: readonly [T, ...T[]]): T;
}

export function drawsFrom(random: () => number): Draws {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const gammaOf = (shape: number): number => {
    if (shape < 1) return gammaOf(shape + 1) * (1 - random()) ** (1 / shape);
    // Marsaglia and Tsang, A simple method for generating gamma variables, 2000
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return {
    uniform: (from, to) => from + (to - from) * random(),
    normal,
    gamma: (spread) => spread === 0 ? 1 : gammaOf(1 / spread ** 2) * spread ** 2,
    poisson(mean) {
      if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = 1 - random(); product > limit; product *= 1 - random()) count++;
      return count;
    },
    chance: (share) => random() < share,
    pick: ([first, ...rest]) => {
      const index = Math.floor(random() * (rest.length + 1));
      return index === 0 ? first : rest[index - 1] ?? first;
    },
  };
}
