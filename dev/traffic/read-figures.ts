import type postgres from "postgres";
import { z } from "zod";

const figuresSchema = z.object({
  customers: z.number(),
  active_subscriptions: z.number(),
  payments: z.number(),
  declines: z.number(),
  refunds: z.number(),
  holds: z.number(),
  open_alerts: z.number(),
  events: z.number(),
  waiting: z.number(),
});

/** What the database holds; nothing is counted beside it. */
export type Figures = z.infer<typeof figuresSchema>;

export async function readFigures(sql: postgres.Sql): Promise<Figures> {
  const [row] = await sql`
    select
      (select count(*)::int from payments.customers where user_id is not null) as customers,
      (select count(*)::int from payments.subscriptions where status = 'active') as active_subscriptions,
      (select count(*)::int from payments.payments where status = 'succeeded') as payments,
      (select count(*)::int from payments_private.declines) as declines,
      (select count(*)::int from payments.refunds) as refunds,
      (select count(*)::int from payments_private.user_holds where released_at is null) as holds,
      (select count(*)::int from payments_private.alerts where resolved_at is null) as open_alerts,
      (select count(*)::int from payments_private.processed_events) as events,
      (select count(*)::int from payments_private.refresh_marks)
        + (select count(*)::int from payments_private.processed_events where status in ('queued', 'retry')) as waiting`;
  return figuresSchema.parse(row);
}

export function describeFigures(figures: Figures): string {
  return [
    `${figures.customers} customers`,
    `${figures.active_subscriptions} active subscriptions`,
    `${figures.payments} payments`,
    `${figures.declines} declined`,
    `${figures.refunds} refunds`,
    `${figures.holds} on hold`,
    `${figures.open_alerts} open alerts`,
    `${figures.events} events, ${figures.waiting} waiting`,
  ].join(", ");
}
