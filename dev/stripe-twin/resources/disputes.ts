import { z } from "zod";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import {
  flag,
  inRange,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import type { Dispute } from "../objects/types.ts";

const settled: ReadonlySet<string> = new Set(["lost", "won", "warning_closed"]);

function refuseSettled(dispute: Dispute): void {
  if (settled.has(dispute.status)) {
    throw invalidRequest("This dispute is already closed", { code: "dispute_already_closed" });
  }
}

/** Stripe's test evidence decides a dispute: `winning_evidence` and `losing_evidence`. */
function decide(scope: Scope, before: Dispute, text: string | undefined): Dispute {
  if (text !== "winning_evidence" && text !== "losing_evidence") {
    return scope.store.disputes.put({ ...before, status: "under_review" });
  }
  const won = text === "winning_evidence";
  return scope.store.disputes.put({ ...before, status: won ? "won" : "lost" });
}

export const disputeEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/disputes/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.disputes.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/disputes/:id",
    params: z.strictObject({
      evidence: z.strictObject({
        uncategorized_text: text.optional(),
        product_description: text.optional(),
      })
        .optional(),
      metadata: metadata.optional(),
      submit: flag.optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.disputes.need(path("id"));
      refuseSettled(before);
      const evidence = {
        ...before.evidence,
        uncategorized_text: params.evidence?.uncategorized_text ??
          before.evidence.uncategorized_text,
        product_description: params.evidence?.product_description ??
          before.evidence.product_description,
      };
      const submits = params.evidence !== undefined && params.submit !== false;
      const updated = scope.store.disputes.put({
        ...before,
        evidence,
        evidence_details: {
          ...before.evidence_details,
          has_evidence: params.evidence !== undefined || before.evidence_details.has_evidence,
          submission_count: before.evidence_details.submission_count + (submits ? 1 : 0),
          submission_method: submits ? "manual" : before.evidence_details.submission_method,
        },
        metadata: mergeMetadata(before.metadata, params.metadata),
      });
      if (!submits) {
        scope.emit("dispute updated", { "charge.dispute.updated": changed(before, updated) });
        return updated;
      }
      const after = decide(scope, updated, params.evidence?.uncategorized_text);
      if (after.status === "under_review") {
        scope.emit("dispute updated", { "charge.dispute.updated": changed(before, after) });
      } else if (after.status === "won") {
        scope.emit("dispute won", {
          "charge.dispute.funds_reinstated": made(after),
          "charge.dispute.closed": made(after),
        });
      } else {
        scope.emit("dispute lost", { "charge.dispute.closed": made(after) });
      }
      return after;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/disputes/:id/close",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const before = scope.store.disputes.need(path("id"));
      refuseSettled(before);
      const status = before.status.startsWith("warning") ? "warning_closed" : "lost";
      const dispute = scope.store.disputes.put({ ...before, status });
      scope.emit("dispute lost", { "charge.dispute.closed": made(dispute) });
      return dispute;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/disputes",
    params: z.strictObject({
      ...pageParams,
      charge: text.optional(),
      created: range.optional(),
      payment_intent: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.disputes.newestFirst().filter((item) =>
        (params.charge === undefined || item.charge === params.charge) &&
        (params.payment_intent === undefined || item.payment_intent === params.payment_intent) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/disputes");
    },
  }),
];
