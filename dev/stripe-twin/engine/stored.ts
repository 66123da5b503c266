import type Stripe from "stripe";

/**
 * The shape of a Stripe object as it is kept and sent by default: derived from the SDK's own type, so a field that
 * Stripe adds does not compile until it is built. References are ids (expansion happens on the way out) and decimals
 * are text, as they are on the wire.
 */
export type Stored<V> = string extends V ? Exclude<V, object> : StoredPart<V>;

type StoredPart<V> = V extends Stripe.Decimal ? string
  : V extends (infer Element)[] ? Stored<Element>[]
  : V extends object ? { [Key in keyof V]: Stored<V[Key]> }
  : V;
