import { expect, it } from "vitest";
import { notifyTask } from "../../../supabase/functions/payments-worker/tasks/notify.ts";

it("decision 4: a message whose end cannot be written down holds up no other", async () => {
  const event = (id: string) => ({
    id,
    lease: 1,
    attempt: 1,
    type: "payment.succeeded",
    created_at: "2026-01-01T00:00:00Z",
    object_id: "pi_1",
    user_id: null,
    data: {},
  });
  const claims = [[event("lost"), event("kept")]];
  const ended: string[] = [];
  const none = () => Promise.resolve([]);
  const run = notifyTask({
    store: {
      checkIncidentClocks: () => Promise.resolve(0),
      claimAlerts: none,
      claimNotices: none,
      claimOutbox: () => Promise.resolve(claims.shift() ?? []),
      finishAlert: () => Promise.resolve("delivered"),
      finishNotice: () => Promise.resolve("delivered"),
      finishOutbox: ({ id }) => {
        if (id === "lost") return Promise.reject(new Error("the database is away"));
        ended.push(id);
        return Promise.resolve("delivered");
      },
    },
    events: { url: "http://127.0.0.1/", sign: null },
    notices: null,
    alerts: null,
    fetch: () => Promise.resolve(new Response(null, { status: 204 })),
    now: Date.now,
  });
  const result = await run({ requestId: "r", log: () => {}, forced: false });
  expect(result).toMatchObject({ done: 1, failed: 1 });
  expect(ended).toEqual(["kept"]);
});
