import type { FaultBench } from "./fault-bench.ts";
import type { KillPoint } from "./kill-proxy.ts";
import { passTime, pause } from "./settle.ts";

const webhook = "stripe-webhook";
const worker = "payments-worker";

/** Every moment at which a process may die between two of its transactions. */
export const KILL_POINTS: readonly KillPoint[] = [
  { victim: webhook, rpc: "ingest_event", moment: "before" },
  { victim: webhook, rpc: "ingest_event", moment: "after" },
  { victim: worker, rpc: "claim_refreshes", moment: "after" },
  { victim: worker, rpc: "finish_refresh", moment: "before" },
  { victim: worker, rpc: "finish_refresh", moment: "after" },
  { victim: worker, rpc: "claim_retries", moment: "after" },
  { victim: worker, rpc: "finish_retry", moment: "before" },
  { victim: worker, rpc: "finish_retry", moment: "after" },
  { victim: worker, rpc: "claim_outbox", moment: "after" },
  { victim: worker, rpc: "finish_outbox", moment: "before" },
  { victim: worker, rpc: "finish_outbox", moment: "after" },
  { victim: worker, rpc: "claim_seal", moment: "after" },
  { victim: worker, rpc: "store_seal", moment: "before" },
  { victim: worker, rpc: "store_seal", moment: "after" },
  { victim: worker, rpc: "begin_reconcile", moment: "after" },
  { victim: worker, rpc: "finish_reconcile", moment: "before" },
  { victim: worker, rpc: "finish_reconcile", moment: "after" },
];

const WITHIN_MS = 10_000;

/** Kills at each point in turn, under whatever brings the call about. @returns the points never hit */
export async function killAtEach(
  bench: FaultBench,
  points: readonly KillPoint[],
): Promise<KillPoint[]> {
  const missed: KillPoint[] = [];
  for (const point of points) {
    let hit = false;
    const died = bench.proxy.arm(point).then(() => hit = true);
    const end = Date.now() + WITHIN_MS;
    while (!hit && Date.now() < end) {
      await bringAbout(bench, point);
      await Promise.race([died, pause(150)]);
    }
    if (!hit) missed.push(point);
    await passTime(bench);
  }
  return missed;
}

async function bringAbout(bench: FaultBench, { rpc, victim }: KillPoint): Promise<void> {
  if (rpc.includes("retr")) return await bringAboutRetry(bench);
  if (rpc.includes("outbox")) await payOnce(bench);
  else if (!rpc.includes("reconcile")) await renameTwice(bench);
  if (victim === webhook) return;
  await Promise.race([bench.stack.twin.idle(), pause(500)]);
  const task = rpc.includes("refresh")
    ? "refresh"
    : rpc.includes("outbox")
    ? "notify"
    : rpc.includes("seal")
    ? "seal"
    : "reconcile";
  await bench.work([task]);
}

/** Two events of one object within ten seconds: the second one only marks. */
async function renameTwice({ stripe }: FaultBench): Promise<void> {
  const { data } = await stripe.products.list({ limit: 1 });
  for (const product of data) {
    for (let turn = 0; turn < 2; turn++) {
      await stripe.products.update(product.id, { name: `Renamed ${crypto.randomUUID()}` });
    }
  }
}

async function payOnce({ stripe }: FaultBench): Promise<void> {
  await stripe.paymentIntents.create({
    amount: 700,
    currency: "usd",
    confirm: true,
    payment_method: "pm_card_visa",
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
  });
}

/** While the table refuses the row, its event is kept for later; then it may be written. */
async function bringAboutRetry(bench: FaultBench): Promise<void> {
  await refuseWrites(bench, "payments.products");
  try {
    await bench.stripe.products.create({ name: `Refused ${crypto.randomUUID()}` });
    await Promise.race([bench.stack.twin.idle(), pause(1_000)]);
  } finally {
    await allowWrites(bench, "payments.products");
  }
  await passTime(bench);
  await bench.work(["retry"]);
}

/** A fault that no code of ours knows: the table takes no row. */
export async function refuseWrites({ admin }: FaultBench, table: string): Promise<void> {
  await admin.unsafe(`
    create schema if not exists faults;
    create or replace function faults.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'a fault of the test' using errcode = 'XX000'; end $$;
    create or replace trigger a_fault before insert or update on ${table} execute function faults.refuse();`);
}

export async function allowWrites({ admin }: FaultBench, table: string): Promise<void> {
  await admin.unsafe(`drop trigger if exists a_fault on ${table}`);
}
