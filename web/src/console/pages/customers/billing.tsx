import { useCallback } from "react";
import { failed } from "../../../api/failure.ts";
import { paymentStatusWords, subscriptionStatusWords } from "../../../billing/status-words.ts";
import { formatMoney } from "../../../format/money.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Facts } from "../../ui/facts.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { readMinorAmount } from "./read-minor-amount.ts";
import { billingSchema, type CustomerBilling } from "./schemas.ts";

/** A user's subscriptions, payments and entitlements, with what this person may do about them. */
export function Billing({ userId, reason }: { readonly userId: string; readonly reason: string }) {
  const { ask } = useStaff();
  const read = useCallback(
    () => ask("staff_find_user_billing", { p_user_id: userId, p_reason: reason }, billingSchema),
    [ask, userId, reason],
  );
  const live = useLive(read);
  const onDone = () => void live.reload();
  return (
    <LiveView live={live} label="Loading billing" lines={8}>
      {(found) => (
        <>
          <Person userId={userId} found={found} onDone={onDone} />
          <Subscriptions subscriptions={found.billing.subscriptions} />
          <Payments payments={found.billing.payments} onDone={onDone} />
        </>
      )}
    </LiveView>
  );
}

interface PersonProps {
  readonly userId: string;
  readonly found: CustomerBilling;
  readonly onDone: () => void;
}

function Person({ userId, found: { on_hold: isHeld, billing }, onDone }: PersonProps) {
  const { ask, may } = useStaff();
  return (
    <Panel
      title="User"
      aside={isHeld ? <Badge tone="bad">on hold</Badge> : <Badge tone="good">may pay</Badge>}
    >
      <Facts
        facts={[
          ["User id", <code key="id">{userId}</code>],
          ["Customer at Stripe", billing.has_customer ? "yes" : "no"],
          [
            "Entitlements",
            billing.entitlements.length === 0 ? "none" : billing.entitlements.join(", "),
          ],
          ...(may("audit.read")
            ? [
              [
                "Audit trail",
                <a key="audit" href={hrefOf("audit", undefined, { actor: userId, span: "30d" })}>
                  what they did
                </a>,
              ] as const,
            ]
            : []),
        ]}
      />
      {may("hold.set") && (isHeld
        ? (
          <Action
            label="Release"
            title="Release this user?"
            confirm="Release"
            run={(reason) =>
              ask("staff_release_hold", { p_user_id: userId, p_reason: reason }, done)}
            onDone={onDone}
          >
            <p>They can pay again from their next request on.</p>
          </Action>
        )
        : (
          <Action
            label="Put on hold"
            title="Put this user on hold?"
            confirm="Put on hold"
            isDangerous
            run={(reason) => ask("staff_set_hold", { p_user_id: userId, p_reason: reason }, done)}
            onDone={onDone}
          >
            <p>
              They cannot pay, and the checkouts they have open are closed. It ends when released.
            </p>
          </Action>
        ))}
    </Panel>
  );
}

function Subscriptions(
  { subscriptions }: { readonly subscriptions: CustomerBilling["billing"]["subscriptions"] },
) {
  return (
    <Panel title="Subscriptions">
      {subscriptions.length === 0
        ? <p className="empty">No subscription, now or ever.</p>
        : (
          <Scroll label="Subscriptions">
            <thead>
              <tr>
                <th scope="col">Subscription</th>
                <th scope="col">Status</th>
                <th scope="col">For</th>
                <th scope="col">Since</th>
                <th scope="col">Period ends</th>
              </tr>
            </thead>
            <tbody>
              {subscriptions.map((one) => {
                const { label, tone } = subscriptionStatusWords(one.status);
                return (
                  <tr key={one.id}>
                    <td>
                      <ObjectLink id={one.id} />
                    </td>
                    <td>
                      <Badge tone={tone}>{label}</Badge>
                    </td>
                    <td>{one.items.map(itemWords).join(", ")}</td>
                    <td>
                      <Moment at={one.created_at} />
                    </td>
                    <td>
                      {one.current_period_end === undefined
                        ? "–"
                        : <Moment at={one.current_period_end} />}
                      {one.cancel_at_period_end === true && " and does not renew"}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}

type Item = CustomerBilling["billing"]["subscriptions"][number]["items"][number];

function itemWords(
  { quantity, currency, unit_amount: amount, recurring_interval: every }: Item,
): string {
  if (amount === null || currency === null) return "a price of its own";
  const times = quantity === null || quantity === 1 ? "" : `${quantity} × `;
  return `${times}${formatMoney(amount, currency)}${every === null ? "" : ` a ${every}`}`;
}

function ObjectLink({ id }: { readonly id: string }) {
  const { may } = useStaff();
  const text = <code>{id}</code>;
  return may("event.read")
    ? <a href={hrefOf("events", undefined, { object: id, span: "30d" })}>{text}</a>
    : text;
}

interface PaymentsProps {
  readonly payments: CustomerBilling["billing"]["payments"];
  readonly onDone: () => void;
}

function Payments({ payments, onDone }: PaymentsProps) {
  const { may } = useStaff();
  const refunds = may("refund.create");
  return (
    <Panel title="Payments">
      {payments.length === 0 ? <p className="empty">No payment yet.</p> : (
        <Scroll label="Payments">
          <thead>
            <tr>
              <th scope="col">Payment</th>
              <th scope="col">Status</th>
              <th scope="col" className="number">Amount</th>
              <th scope="col">Made</th>
              {refunds && <th scope="col">Act</th>}
            </tr>
          </thead>
          <tbody>
            {payments.map((one) => {
              const { label, tone } = paymentStatusWords(one.status);
              return (
                <tr key={one.id}>
                  <td>
                    <ObjectLink id={one.id} />
                  </td>
                  <td>
                    <Badge tone={tone}>{label}</Badge>
                  </td>
                  <td className="number">{formatMoney(one.amount, one.currency)}</td>
                  <td>
                    <Moment at={one.created_at} />
                  </td>
                  {refunds && (
                    <td>
                      {one.status === "succeeded" && <Refund payment={one} onDone={onDone} />}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </Scroll>
      )}
    </Panel>
  );
}

const placeOf = (paymentId: string) => `payments-console-refund:${paymentId}`;

/** Who presses again because no answer came asks for the same refund, after a reload too. */
function requestOf(paymentId: string): string {
  const kept = sessionStorage.getItem(placeOf(paymentId));
  if (kept !== null) return kept;
  const made = crypto.randomUUID();
  sessionStorage.setItem(placeOf(paymentId), made);
  return made;
}

interface RefundProps {
  readonly payment: CustomerBilling["billing"]["payments"][number];
  readonly onDone: () => void;
}

function Refund({ payment: { id, amount, currency }, onDone }: RefundProps) {
  const { ask } = useStaff();
  const run = async (reason: string, form: FormData) => {
    const text = form.get("amount");
    const minor = typeof text === "string" ? readMinorAmount(text, currency) : undefined;
    if (minor === undefined) return failed({ code: "invalid_setting" });
    const outcome = await ask(
      "staff_refund",
      { p_payment_id: id, p_amount_minor: minor, p_reason: reason, p_request: requestOf(id) },
      done,
    );
    const isSettled = outcome.ok || outcome.failure.code === "idempotency_conflict";
    if (isSettled) sessionStorage.removeItem(placeOf(id));
    return outcome;
  };
  return (
    <Action
      label="Refund"
      title={`Refund from ${formatMoney(amount, currency)}?`}
      confirm="Refund"
      isDangerous
      run={run}
      onDone={onDone}
    >
      <p>
        The worker asks Stripe, once. What was refunded and what is queued never exceeds what was
        paid. A refund does not end a subscription.
      </p>
      <Field
        label={`Amount, ${currency.toUpperCase()}`}
        name="amount"
        inputMode="decimal"
        autoComplete="off"
        hint={`At most what is left of ${formatMoney(amount, currency)}.`}
      />
    </Action>
  );
}
