import type { PaymentMethod } from "./billing.ts";
import { paymentMethodWords } from "./payment-method-words.ts";

/** What is paid with; nothing where nothing is saved. */
export function PaymentMethodsCard({ methods }: { readonly methods: readonly PaymentMethod[] }) {
  if (methods.length === 0) return null;
  return (
    <section className="card" aria-labelledby="methods-title">
      <h2 id="methods-title">Payment methods</h2>
      <ul className="methods" aria-labelledby="methods-title">
        {methods.map((method) => <Method key={method.id} method={method} />)}
      </ul>
    </section>
  );
}

function Method({ method }: { readonly method: PaymentMethod }) {
  const { title, detail } = paymentMethodWords(method);
  return (
    <li className="method">
      <span>{title}</span>
      {detail !== undefined && <span className="method-detail">{detail}</span>}
    </li>
  );
}
