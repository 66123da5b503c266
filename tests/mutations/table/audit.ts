import type { Mutation } from "../mutation.ts";

const TAMPERING = ["tests/attack/audit-tampering.test.ts"];
const SEALING = ["tests/integration/audit/sealing.test.ts"];
const OPERATOR = ["tests/integration/audit/operator.test.ts"];
const FRONT_DOOR = ["tests/integration/audit/front-door.test.ts"];
const CATALOGUE = ["tests/unit/house/audit-events.test.ts"];
const AUDIT = "supabase/functions/_shared/audit";
const LOG = "supabase/migrations/20261124000200_audit_log.sql";
const SEALS = "supabase/migrations/20261124004010_sealing.sql";
const VERIFICATION = "supabase/migrations/20261124004030_verification.sql";

/** The audit trail: what it holds, what seals it, what is found in it. */
export const AUDIT_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "8.1a",
    what: "leaves an action out of the catalogue",
    file: `${AUDIT}/event-catalogue.ts`,
    find: '  ["user.held", "a rule put a user on hold", "payment", "warning", ["success"]],\n',
    replace: "",
    tests: CATALOGUE,
    name: "has every action that is written",
  },
  {
    requirement: "5.2c",
    what: "forgets which key a portal visit came with",
    file: "supabase/migrations/20261124001100_portal.sql",
    find: "answer ->> 'customer_id', p_request ->> 'request_id', p_request ->> 'key_fingerprint',",
    replace: "answer ->> 'customer_id', p_request ->> 'request_id', null,",
    tests: FRONT_DOOR,
    name: "who, what, when, request id and key fingerprint",
  },
  {
    requirement: "8.3a",
    what: "appends a row without its mark",
    file: LOG,
    find: "  insert into audit.pending_rows (log_id, occurred_at) values (new_id, moment);\n",
    replace: "",
    tests: SEALING,
    name: "is there with its mark exactly when the transaction commits",
  },
  {
    requirement: "8.3b",
    what: "lets the owner update and delete rows",
    file: LOG,
    find: "  raise exception 'audit rows are final' using errcode = 'PA001';",
    replace: "  return null;",
    tests: TAMPERING,
    name: "refuse update, delete and truncate",
  },
  {
    requirement: "8.3b",
    what: "does not hash a row's payload again",
    file: `${AUDIT}/check-seal.ts`,
    find: 'if (Buffer.from(leafHash(payload)).toString("hex") !== leaf) {',
    replace: "if (false) {",
    tests: TAMPERING,
    name: "its payload|both",
  },
  {
    requirement: "8.3b",
    what: "does not compare a row's columns with its payload",
    file: `${AUDIT}/check-seal.ts`,
    find: "if (columnsMatch !== true) return",
    replace: "if (columnsMatch === null) return",
    tests: TAMPERING,
    name: "is found and located: its outcome",
  },
  {
    requirement: "8.3b",
    what: "believes the entries without their root",
    file: `${AUDIT}/check-seal.ts`,
    find: "if (isWhole && rootOf(seal.entries) === statement.root) return findings;",
    replace: "if (isWhole) return findings;",
    tests: TAMPERING,
    name: "with its leaf changed along|of two entries",
  },
  {
    requirement: "8.3b",
    what: "takes a row that is gone for one that was purged",
    file: `${AUDIT}/check-seal.ts`,
    find: 'return isPurged ? null : { kind: "row_missing" };',
    replace: "return null;",
    tests: TAMPERING,
    name: "a deleted row.*is found and located",
  },
  {
    requirement: "8.3b",
    what: "does not look at a seal's signature",
    file: `${AUDIT}/check-seal.ts`,
    find: "    ...(fault === null\n",
    replace: "    ...(fault !== undefined\n",
    tests: TAMPERING,
    name: "made anew with a key of the attacker's",
  },
  {
    requirement: "8.3b",
    what: "does not ask what a seal is chained to",
    file: `${AUDIT}/check-seal.ts`,
    find:
      'if (statement.previous !== previous) findings.push({ kind: "chain_broken", seal: number });',
    replace: "",
    tests: TAMPERING,
    name: "in the middle are found and located|swapped with another one",
  },
  {
    requirement: "8.3b",
    what: "takes any row with a sealed id for a sealed row",
    file: "cli/audit/sql-trail.ts",
    find: "where e.log_id = p.id and e.occurred_at = p.occurred_at",
    replace: "where e.log_id = p.id",
    tests: TAMPERING,
    name: "with the id of a sealed row",
  },
  {
    requirement: "8.3b",
    what: "hashes leaves and nodes alike",
    file: `${AUDIT}/merkle-tree.ts`,
    find: "const LEAF = Uint8Array.of(0);",
    replace: "const LEAF = Uint8Array.of(1);",
    tests: ["tests/unit/functions/audit/merkle-tree.test.ts"],
    name: "published root",
  },
  {
    requirement: "8.3b",
    what: "accepts a proof whose seal nobody signed",
    file: "docs/verify-proof.mjs",
    find: 'must(isSigned(key.public_key, statement, signature), "the seal\'s signature is bad");',
    replace: "",
    tests: OPERATOR,
    name: "a verifier without a database accepts",
  },
  {
    requirement: "8.3b",
    what: "takes a key that its predecessor did not sign",
    file: `${AUDIT}/key-ring.ts`,
    find: "      !isSignedBy(before.public_key, keyStatement(key, before.until), signature)",
    replace: "      signature.length === 0",
    tests: ["tests/unit/functions/audit/key-ring.test.ts"],
    name: "signed by a stranger",
  },
  {
    requirement: "decision 7",
    what: "lets a sealer past its lease store its seal",
    file: SEALS,
    find:
      "  update audit.sealer as s set lease = null, leased_until = null where s.lease = p_lease;\n  if not found then\n    return 'fenced';",
    replace:
      "  update audit.sealer as s set lease = null, leased_until = null;\n  if not found then\n    return 'fenced';",
    tests: SEALING,
    name: "wakes past its lease stores nothing",
  },
  {
    requirement: "decision 7",
    what: "goes back behind a head that was seen",
    file: `${AUDIT}/known-heads.ts`,
    find: "if (gone.length === 0) return [];",
    replace: "if (gone.length >= 0) return [];",
    tests: OPERATOR,
    name: "remembers the head, and refuses to go back",
  },
  {
    requirement: "decision 7",
    what: "takes a fork for a declared restore",
    file: `${AUDIT}/known-heads.ts`,
    find: "epoch > head.epoch && head.number > commonNumber",
    replace: "epoch >= 0 || head.number > commonNumber",
    tests: ["tests/unit/functions/audit/known-heads.test.ts"],
    name: "only a later epoch explains",
  },
  {
    requirement: "8.3c",
    what: "says nothing of a verification that does not run",
    file: VERIFICATION,
    find:
      "    perform payments_private.raise_audit_alert('audit_verification_missed', 'audit', 'critical');",
    replace: "    null;",
    tests: SEALING,
    name: "did not run for 26 hours",
  },
  {
    requirement: "8.3c",
    what: "raises no alert for what the verification found",
    file: VERIFICATION,
    find: "  if findings > 0 then",
    replace: "  if findings > 1000000 then",
    tests: TAMPERING,
    name: "finds the same, reports it signed and alerts",
  },
  {
    requirement: "8.3c",
    what: "raises no alert for a seal that fails",
    file: SEALS,
    find: "  perform payments_private.raise_audit_alert('seal_failed', 'audit', 'critical',",
    replace: "  perform payments_private.raise_audit_alert('seal_tried', 'audit', 'critical',",
    tests: SEALING,
    name: "a seal that fails, until one succeeds",
  },
];
