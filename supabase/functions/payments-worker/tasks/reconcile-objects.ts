import { isObjectKind, OBJECT_KINDS, type ObjectKindName } from "../../_shared/object-kinds.ts";
import { type Projection, ProjectionError } from "../../_shared/projections/projection.ts";
import { stripeDate } from "../../_shared/stripe-date.ts";
import { requireOurAccount } from "../our-account.ts";
import type { Step, Work } from "./reconcile.ts";

const PAGE = 100;
/** Customers first: they say whose the other objects are. The last two Stripe does not list as a whole. */
const SCANNED: readonly ObjectKindName[] = [
  "customer",
  "product",
  "price",
  "checkout.session",
  "payment_intent",
  "charge",
  "subscription",
  "invoice",
  "refund",
  "dispute",
  "radar.early_fraud_warning",
  "payment_method",
  "review",
];

/**
 * One page of one kind's list. After a kind's last page, whatever the scan did not come across is
 * marked: it was deleted at Stripe, or Stripe does not list it. Of a kind without a list that is all.
 */
export const scanObjects: Work = async (deps, { place }): Promise<Step> => {
  const kind = place.kind ?? SCANNED[0] ?? "";
  if (!isObjectKind(kind)) throw new TypeError("unknown kind");
  const { list, project } = OBJECT_KINDS[kind];
  const ticket = await deps.store.takeTicket(); // before the page is asked for: it dates the answer
  if (list === undefined) {
    await deps.store.markUnseen(kind, ticket);
    return { found: 0, failed: 0, next: nextKind(kind) };
  }
  const page = await list(deps.stripe, {
    limit: PAGE,
    ...(place.after === undefined ? {} : { starting_after: place.after }),
  });
  await requireOurAccount(deps, page.data.length > 0);
  const { projections, unreadable } = projectAll(project, page.data);
  const found = await deps.store.applyScanned(kind, ticket, stripeDate(page), projections);
  await deps.store.markObjects(unreadable.map((id) => ({ kind, id })));
  if (kind === "customer") {
    await deps.store.markObjects(
      page.data.map(({ id }) => ({ kind: "entitlements.active_entitlement_summary", id })),
    );
  }

  const firstTicket = place.first_ticket ?? ticket;
  const last = page.data.at(-1)?.id;
  if (page.has_more && last !== undefined) {
    return { found, failed: 0, next: { kind, after: last, first_ticket: firstTicket } };
  }
  await deps.store.markUnseen(kind, firstTicket);
  return { found, failed: 0, next: nextKind(kind) };
};

/** What cannot be projected from a list (a subscription with more items than fit) is fetched. */
function projectAll(project: (object: unknown) => Projection, objects: readonly { id: string }[]) {
  const projections: Projection[] = [];
  const unreadable: string[] = [];
  for (const object of objects) {
    try {
      projections.push(project(object));
    } catch (error) {
      if (!(error instanceof ProjectionError)) throw error;
      unreadable.push(object.id);
    }
  }
  return { projections, unreadable };
}

function nextKind(kind: ObjectKindName): Step["next"] {
  const next = SCANNED[SCANNED.indexOf(kind) + 1];
  return next === undefined ? null : { kind: next };
}
