import type { Mutation } from "../mutation.ts";

const VERIFIER = "supabase/functions/_shared/verify-signature.ts";
const VERIFIER_TESTS = ["tests/unit/functions/verify-signature.test.ts"];

const WEBHOOK = "supabase/functions/stripe-webhook/handler.ts";
const INGEST = "supabase/migrations/20261124000800_ingest_event.sql";
const WEBHOOK_TESTS = ["tests/integration/functions/stripe-webhook.test.ts"];

/** What stands between the internet and the tables. */
export const WEBHOOK_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "3.1a",
    what: "accepts a signature that no secret made",
    file: VERIFIER,
    find: 'if (match === undefined) return refused("mismatch");',
    replace: "",
    tests: VERIFIER_TESTS,
    name: "refuses a changed body",
  },
  {
    requirement: "3.1a",
    what: "leaves the timestamp out of what is signed",
    file: VERIFIER,
    find: "new TextEncoder().encode(`${timestampText}.`)",
    replace: 'new TextEncoder().encode("")',
    tests: VERIFIER_TESTS,
    name: "accepts a known vector",
  },
  {
    requirement: "3.1b",
    what: "takes any number of secrets, none included",
    file: VERIFIER,
    find: 'throw new RangeError("give one to three webhook secrets");',
    replace: "",
    tests: VERIFIER_TESTS,
    name: "wants one to three secrets",
  },
  {
    requirement: "3.1c",
    what: "reads a header of any length",
    file: VERIFIER,
    find: 'if (header.length > MAX_HEADER_BYTES) return refused("header_too_long");',
    replace: "",
    tests: VERIFIER_TESTS,
    name: "refuses a header of more than 4 KiB",
  },
  {
    requirement: "3.1c",
    what: "tries any number of signatures",
    file: VERIFIER,
    find: "if (signatures.push(signature) > MAX_SIGNATURES)",
    replace: "if (signatures.push(signature) > Infinity)",
    tests: VERIFIER_TESTS,
    name: "refuses eleven signatures",
  },
  {
    requirement: "3.1c",
    what: "reads a streamed body of any length",
    file: "supabase/functions/_shared/read-body.ts",
    find: "if (length > maxBytes) {",
    replace: "if (false) {",
    tests: ["tests/unit/functions/endpoint.test.ts"],
    name: "refuses a body over the limit",
  },
  {
    requirement: "3.1c",
    what: "goes on without a valid signature",
    file: WEBHOOK,
    find:
      'if (!signature.ok) throw new PaymentError("invalid_signature", { detail: signature.failure });',
    replace: "",
    tests: WEBHOOK_TESTS,
    name: "refuses a forged signature and leaves no trace",
  },
  {
    requirement: "3.2a",
    what: "takes every delivery of an event for the first one",
    file: INGEST,
    find: "  if not found then\n    return payments_private.ingest_again(",
    replace: "  if false then\n    return payments_private.ingest_again(",
    tests: WEBHOOK_TESTS,
    name: "a hundred concurrent deliveries",
  },
  {
    requirement: "3.2a",
    what: "processes an event again although it is settled",
    file: INGEST,
    find:
      "if payments_private.is_settled(known, (p_event ->> 'handled')::boolean) then\n    return",
    replace: "if false then\n    return",
    tests: WEBHOOK_TESTS,
    name: "a hundred concurrent deliveries",
  },
  {
    requirement: "3.2b",
    what: "takes a known id with another type or time for the same event",
    file: INGEST,
    find: "if known.created <> p_created or known.event_type <> p_event ->> 'event_type'",
    replace: "if false and known.event_type <> p_event ->> 'event_type'",
    tests: WEBHOOK_TESTS,
    name: "quarantines a known id with another",
  },
  {
    requirement: "3.1b",
    what: "stores the signing secret where its fingerprint belongs",
    file: VERIFIER,
    find: "secretFingerprint: await fingerprint(secret),",
    replace: "secretFingerprint: secret,",
    tests: ["tests/integration/house/secrets.test.ts"],
    name: "keeps every secret of the environment out of the database",
  },
];
