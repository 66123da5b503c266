// Makes a trail in a process of its own, so that what it held is not counted to who verifies it.
// Arguments: database URL, number of rows. In the environment: the signing key and its public half.
import process from "node:process";
import postgres from "postgres";
import { createAuditSigner } from "../../supabase/functions/_shared/audit/key-ring.ts";
import { makeTrail } from "./make-trail.ts";

const [url = "", rows = "0"] = Deno.args;
const keys = JSON.parse(process.env["PAYMENTS_AUDIT_PUBLIC_KEYS"] ?? "[]");
const signer = createAuditSigner(process.env["PAYMENTS_AUDIT_SIGNING_KEY"] ?? "", keys);
const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
try {
  await makeTrail(sql, signer, Number(rows), (done) => {
    if (done % 1_000_000 === 0) console.error(`  ${done / 1_000_000} million rows are there`);
  });
} finally {
  await sql.end();
}
