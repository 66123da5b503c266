import { type FormEvent, useState } from "react";
import * as z from "zod/mini";
import { Button } from "../../../ui/button.tsx";
import { Field } from "../../../ui/field.tsx";
import { useSingleFlight } from "../../../ui/use-single-flight.ts";
import { explainRefusal } from "../../api/explain-refusal.ts";
import { Page } from "../../layout/page.tsx";
import { goTo } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Billing } from "./billing.tsx";

const foundSchema = z.object({ user_id: z.string() });
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Somebody's billing, found by their user id or by any id that Stripe has of theirs. */
export function CustomersPage({ userId }: { readonly userId: string | undefined }) {
  return (
    <Page
      title="Customers"
      lead="No names and no addresses: those are Stripe’s. Each look is recorded with your reason."
    >
      <ReasonGate what="somebody’s billing">
        {(reason) => (
          <>
            <Search reason={reason} />
            {userId !== undefined && <Billing userId={userId} reason={reason} />}
          </>
        )}
      </ReasonGate>
    </Page>
  );
}

function Search({ reason }: { readonly reason: string }) {
  const { ask } = useStaff();
  const [refusal, setRefusal] = useState<string>();
  const { busy, run } = useSingleFlight(async (text: string) => {
    setRefusal(undefined);
    if (uuid.test(text)) {
      goTo("customers", text.toLowerCase());
      return "done" as const;
    }
    const found = await ask(
      "staff_find_user",
      { p_object_id: text, p_reason: reason },
      foundSchema,
    );
    if (found.ok) goTo("customers", found.value.user_id);
    else {
      setRefusal(
        found.failure.code === "not_found"
          ? "No user of ours has this id: look for cus_, pi_, sub_, in_ or cs_ ids, or a user id."
          : explainRefusal(found.failure),
      );
    }
    return "done" as const;
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("id");
    if (typeof text === "string" && text.trim() !== "") run(text.trim());
  };
  return (
    <form
      className="filter filter-one"
      role="search"
      aria-label="Customers"
      onSubmit={submit}
      noValidate
    >
      <Field
        label="User or Stripe id"
        name="id"
        autoComplete="off"
        placeholder="cus_…, pi_…, sub_…, in_…, or a user id"
        error={refusal}
      />
      <Button type="submit" busy={busy}>Find</Button>
    </form>
  );
}
