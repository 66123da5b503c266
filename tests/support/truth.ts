// Stripe's state, projected by the same projections, against what the tables hold.
import type postgres from "postgres";
import type Stripe from "stripe";
import {
  isObjectKind,
  OBJECT_KINDS,
  type ObjectKindName,
} from "../../supabase/functions/_shared/object-kinds.ts";
import type { Target } from "../../supabase/functions/_shared/place-event.ts";
import type { Projection } from "../../supabase/functions/_shared/projections/projection.ts";
import { isMissing } from "../../supabase/functions/_shared/stripe-failure.ts";

/** Where each kind's rows are. */
const TABLES: Readonly<Record<ObjectKindName, string>> = {
  charge: "payments_private.charges",
  "checkout.session": "payments.checkout_sessions",
  customer: "payments.customers",
  dispute: "payments.disputes",
  "entitlements.active_entitlement_summary": "payments.entitlements",
  invoice: "payments.invoices",
  payment_intent: "payments.payments",
  payment_method: "payments.payment_methods",
  price: "payments.prices",
  product: "payments.products",
  "radar.early_fraud_warning": "payments_private.early_fraud_warnings",
  refund: "payments.refunds",
  review: "payments_private.reviews",
  subscription: "payments.subscriptions",
};
const ITEMS = "payments.subscription_items";
/** Kinds whose deletion leaves a hidden row. */
const HIDDEN: ReadonlySet<string> = new Set(["customer", "product", "price", "invoice"]);

interface Expected {
  table: string;
  row: Record<string, unknown>;
}

/** Every difference between the tables and Stripe, one a line; `told`: objects that events told of. */
export async function differences(
  admin: postgres.Sql,
  stripe: Stripe,
  told: readonly Target[],
): Promise<string[]> {
  const objects = await admin<{ kind: string; id: string; deleted: boolean }[]>`
    select kind, object_id as id, deleted_at is not null as deleted from payments_private.mirrored_objects`;
  const mirrored = new Map(objects.map(({ kind, id, deleted }) => [`${kind} ${id}`, deleted]));
  const targets = new Map(
    [...told, ...objects].map(({ kind, id }) => [`${kind} ${id}`, { kind, id }]),
  );

  const found: string[] = [];
  const expected: Expected[] = [];
  const gone = new Set<string>();
  for (const [name, { kind, id }] of targets) {
    if (!isObjectKind(kind)) continue;
    const projection = await fetchTruth(stripe, kind, id);
    const isDeleted = projection === null;
    if (mirrored.get(name) === undefined) {
      // what came and went while nothing was heard is missing on both sides
      if (!isDeleted) found.push(`${name} is not known here`);
    } else if (mirrored.get(name) !== isDeleted) {
      found.push(`${name} is ${isDeleted ? "deleted" : "there"} at Stripe, not here`);
    }
    if (projection === null) gone.add(`${TABLES[kind]} ${id}`);
    else expected.push(...rowsOf(kind, projection));
  }
  return [...found, ...await compareRows(admin, expected, gone)].sort();
}

async function fetchTruth(
  stripe: Stripe,
  kind: ObjectKindName,
  id: string,
): Promise<Projection | null> {
  try {
    const projection = OBJECT_KINDS[kind].project(await OBJECT_KINDS[kind].fetch(stripe, id));
    return projection["deleted"] === true ? null : projection;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The rows that a projection stands for. */
function rowsOf(kind: ObjectKindName, projection: Projection): Expected[] {
  const parts = (field: string, table: string, extra: Record<string, unknown>): Expected[] => {
    const list = projection[field];
    return Array.isArray(list) ? list.map((row) => ({ table, row: { ...row, ...extra } })) : [];
  };
  if (kind === "entitlements.active_entitlement_summary") {
    return parts("entitlements", TABLES[kind], { customer_id: projection["id"] });
  }
  const { items: _items, ...row } = projection;
  return [
    { table: TABLES[kind], row },
    ...parts("items", ITEMS, { subscription_id: projection["id"] }),
  ];
}

async function compareRows(
  admin: postgres.Sql,
  expected: readonly Expected[],
  gone: ReadonlySet<string>,
): Promise<string[]> {
  const tables = [...Object.values(TABLES), ITEMS];
  const actual = await readRows(
    admin,
    tables.map((table) =>
      `select '${table}' as t, to_jsonb(r) - 'user_id' as r from ${table} as r`
    ),
    [],
  );
  const wanted = await readRows(
    admin,
    tables.map((table) =>
      `select '${table}', to_jsonb(jsonb_populate_record(null::${table}, e -> 'row')) - 'user_id'
       from jsonb_array_elements($1::text::jsonb) as e where e ->> 'table' = '${table}'`
    ),
    [JSON.stringify(expected)],
  );
  const found: string[] = [];
  for (const [name, text] of wanted) {
    const here = actual.get(name);
    if (here !== text) found.push(`${name}\n    Stripe: ${text}\n    here:   ${here ?? "nothing"}`);
  }
  for (const [name, text] of actual) {
    if (wanted.has(name)) continue;
    const isHidden = gone.has(name) && !text.includes('"deleted_at": null');
    if (!isHidden || !HIDDEN.has(kindOf(name))) {
      found.push(`${name} is gone at Stripe, here: ${text}`);
    }
  }
  return found;
}

function kindOf(name: string): string {
  const table = name.split(" ")[0];
  return Object.entries(TABLES).find(([, known]) => known === table)?.[0] ?? "";
}

async function readRows(
  admin: postgres.Sql,
  selects: readonly string[],
  values: string[],
): Promise<Map<string, string>> {
  const rows = await admin.unsafe<{ name: string; text: string }[]>(
    `select t || ' ' || (r ->> 'id') as name, r::text as text from (${
      selects.join(" union all ")
    }) as rows (t, r)`,
    values,
    { prepare: true },
  );
  return new Map(rows.map(({ name, text }) => [name, text]));
}
