/**
 * The latency that a share of requests stays under, from a histogram: linear within the bucket that holds
 * it, as Prometheus' histogram_quantile does it.
 *
 * @param counts Requests by bucket, the last one for what is above every bound.
 * @param bounds Upper bounds of the buckets but the last, in milliseconds, ascending.
 * @returns Milliseconds; null where there was no request. What is above every bound counts as the last bound.
 */
export function quantile(
  share: number,
  counts: readonly number[],
  bounds: readonly number[],
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = share * total;
  let before = 0;
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && before + count >= rank) {
      const from = index === 0 ? 0 : bounds[index - 1] ?? 0;
      return from + (bound - from) * (rank - before) / count;
    }
    before += count;
  }
  return bounds.at(-1) ?? null;
}
