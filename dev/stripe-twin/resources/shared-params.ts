import { z } from "zod";
import { unsettable } from "../engine/form-params.ts";
import type { Customer, PaymentIntent, PaymentMethod } from "../objects/types.ts";

/** A postal address. */
export const addressParam = z.strictObject({
  city: unsettable.optional(),
  country: unsettable.optional(),
  line1: unsettable.optional(),
  line2: unsettable.optional(),
  postal_code: unsettable.optional(),
  state: unsettable.optional(),
});

/** Where goods go. */
export const shippingParam = z.strictObject({
  address: addressParam,
  name: unsettable.optional(),
  carrier: unsettable.optional(),
  phone: unsettable.optional(),
  tracking_number: unsettable.optional(),
});

/** Who is billed. */
export const billingParam = z.strictObject({
  address: addressParam.optional(),
  email: unsettable.optional(),
  name: unsettable.optional(),
  phone: unsettable.optional(),
});

type Address = NonNullable<Customer["address"]>;

const orNull = (value: string | undefined) => (value === undefined || value === "" ? null : value);

/** The address object of an address parameter. */
export function readAddress(address: z.output<typeof addressParam> | undefined): Address {
  return {
    city: orNull(address?.city),
    country: orNull(address?.country),
    line1: orNull(address?.line1),
    line2: orNull(address?.line2),
    postal_code: orNull(address?.postal_code),
    state: orNull(address?.state),
  };
}

/** The shipping object of a shipping parameter. */
export function readShipping(
  shipping: z.output<typeof shippingParam> | undefined,
): NonNullable<PaymentIntent["shipping"]> | null {
  if (shipping === undefined) return null;
  return {
    address: readAddress(shipping.address),
    name: shipping.name ?? "",
    carrier: orNull(shipping.carrier),
    phone: orNull(shipping.phone),
    tracking_number: orNull(shipping.tracking_number),
  };
}

/** The billing details of a billing parameter; what is absent stays as it was. */
export function readBilling(
  billing: z.output<typeof billingParam> | undefined,
  before: PaymentMethod["billing_details"],
): PaymentMethod["billing_details"] {
  if (billing === undefined) return before;
  return {
    address: billing.address === undefined ? before.address : readAddress(billing.address),
    email: billing.email === undefined ? before.email : orNull(billing.email),
    name: billing.name === undefined ? before.name : orNull(billing.name),
    phone: billing.phone === undefined ? before.phone : orNull(billing.phone),
    tax_id: before.tax_id,
  };
}
