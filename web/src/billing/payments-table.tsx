import { formatShortDay } from "../format/date.ts";
import { formatMoney } from "../format/money.ts";
import { Badge } from "../ui/badge.tsx";
import type { Payment } from "./billing.ts";
import { paymentStatusWords } from "./status-words.ts";

/** Every payment, newest first. */
export function PaymentsTable({ payments }: { readonly payments: readonly Payment[] }) {
  return (
    <section className="card" aria-labelledby="payments-title">
      <h2 id="payments-title">Payments</h2>
      {payments.length === 0
        ? <p>No payments yet.</p>
        : (
          <table className="payments" aria-labelledby="payments-title">
            <thead>
              <tr>
                <th scope="col">Date</th>
                <th scope="col" className="payments-for">For</th>
                <th scope="col">Status</th>
                <th scope="col" className="payments-amount">Amount</th>
              </tr>
            </thead>
            <tbody>
              {payments.map((payment) => <PaymentRow key={payment.id} payment={payment} />)}
            </tbody>
          </table>
        )}
    </section>
  );
}

function PaymentRow({ payment }: { readonly payment: Payment }) {
  const words = paymentStatusWords(payment.status);
  return (
    <tr>
      <td>{formatShortDay(payment.createdAt)}</td>
      <td className="payments-for">
        {payment.purpose === "one_time" ? "One-time purchase" : "Subscription"}
      </td>
      <td>
        <Badge tone={words.tone}>{words.label}</Badge>
      </td>
      <td className="payments-amount">
        {formatMoney(payment.amountMinor, payment.currency)}
        {payment.refundedMinor > 0 && (
          <span className="payments-refund">
            {formatMoney(payment.refundedMinor, payment.currency)} refunded
          </span>
        )}
      </td>
    </tr>
  );
}
