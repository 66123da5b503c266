import type postgres from "postgres";

/** An hour as a small shop has it, for pictures: more in the middle, one bad spell at Stripe. */
export async function fillAnHour(sql: postgres.Sql): Promise<void> {
  const functions = [
    { name: "stripe-webhook", most: 26, bucket: 4 },
    { name: "create-checkout", most: 11, bucket: 6 },
    { name: "customer-portal", most: 5, bucket: 5 },
    { name: "sync-billing", most: 7, bucket: 5 },
  ];
  for (let ago = 58; ago > 0; ago--) {
    const wave = 0.55 + 0.35 * Math.sin(ago / 9) + 0.1 * Math.sin(ago * 1.7);
    const bad = ago > 21 && ago < 26;
    for (const { name, most, bucket } of functions) {
      const requests = Math.max(1, Math.round(most * wave));
      const failed = bad && name !== "stripe-webhook" ? Math.ceil(requests * 0.4) : 0;
      for (const [code, n] of [["ok", requests - failed], ["stripe_failed", failed]] as const) {
        if (n > 0) {
          await fill(sql, { ago, name, code, n, bucket: bucket + (code === "ok" ? 0 : 3) });
        }
      }
    }
  }
}

interface Minute {
  ago: number;
  name: string;
  code: string;
  n: number;
  bucket: number;
}

async function fill(sql: postgres.Sql, { ago, name, code, n, bucket }: Minute): Promise<void> {
  const buckets = Array.from({ length: 12 }, () => 0);
  const slow = Math.floor(n / 9);
  buckets[bucket - 1] = Math.ceil((n - slow) / 2);
  buckets[bucket] = Math.floor((n - slow) / 2);
  buckets[Math.min(10, bucket + 1)] = slow;
  await sql`insert into payments_private.operation_minutes
    (minute, function_name, code, requests, total_ms, buckets)
    values (date_trunc('minute', now()) - make_interval(mins => ${ago}), ${name}, ${code}, ${n},
      ${n * 100}, ${buckets})
    on conflict do nothing`;
}
