// Checks inclusion proofs of the audit trail, with no database and nothing from this project:
//   node verify-proof.mjs keys.json proof.json …
// proof.json: what `payments audit prove <id>` prints. keys.json: your own copy of the public keys
// (PAYMENTS_AUDIT_PUBLIC_KEYS); never take it from where the proof comes from. Format: docs/audit.md.
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";

const HASH = /^[0-9a-f]{64}$/;
const FIELDS = ["epoch", "number", "month", "count", "root", "previous", "sealed_at", "key"];

function must(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

function sha256(...parts) {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

function bytes(base64) {
  const decoded = Buffer.from(base64, "base64");
  must(decoded.toString("base64") === base64, "bad base64");
  return decoded;
}

function isSigned(publicKey, text, signature) {
  const key = createPublicKey({ key: bytes(publicKey), format: "der", type: "spki" });
  return key.asymmetricKeyType === "ed25519" &&
    verify(null, Buffer.from(text, "utf8"), key, bytes(signature));
}

/** Every key but the first must be signed by the one before it, over its own statement. */
function checkKeys(keys) {
  for (const [index, key] of keys.entries()) {
    if (index === 0) continue;
    const before = keys[index - 1];
    const statement = `payments audit key v1\nid ${key.id}\npublic_key ${key.public_key}\n` +
      `from ${key.from}\nprevious_until ${before.until}\n`;
    must(isSigned(before.public_key, statement, key.signature), `nobody signed key ${key.id}`);
  }
}

/** The fields of a seal's statement: one a line, in this order, and nothing else. */
function readSeal(statement) {
  const lines = statement.split("\n");
  const seal = Object.fromEntries(
    FIELDS.map((name, index) => [name, lines[index + 1]?.slice(name.length + 1)]),
  );
  const rewritten = FIELDS.map((name) => `${name} ${seal[name]}\n`).join("");
  must(`payments audit seal v1\n${rewritten}` === statement, "the statement is not a seal's");
  must(/^[1-9]\d{0,3}$/.test(seal.count) && HASH.test(seal.root), "the seal is malformed");
  return seal;
}

/** RFC 9162, section 2.1.3.2. */
function rootOf(leaf, index, count, path) {
  must(Number.isSafeInteger(index) && index >= 0 && index < count, "no such leaf");
  let [node, last, hash] = [index, count - 1, leaf];
  for (const step of path) {
    must(HASH.test(step) && last > 0, "the path does not fit the tree");
    const sibling = Buffer.from(step, "hex");
    if (node % 2 === 1 || node === last) {
      hash = sha256(Buffer.of(1), sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = sha256(Buffer.of(1), hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  must(last === 0, "the path is too short");
  return hash.toString("hex");
}

function check({ id, payload, index, path, seal: { statement, signature } }, keys) {
  checkKeys(keys);
  const seal = readSeal(statement);
  const key = keys.find((listed) => listed.id === seal.key);
  must(key !== undefined, `key ${seal.key} is not in the list`);
  const { from, until = "9" } = key;
  must(seal.sealed_at >= from && seal.sealed_at < until, `key ${key.id} was not valid then`);
  must(isSigned(key.public_key, statement, signature), "the seal's signature is bad");
  must(JSON.parse(payload).id === id, "the payload is another row's");
  const leaf = sha256(Buffer.of(0), Buffer.from(payload, "utf8"));
  must(rootOf(leaf, index, Number(seal.count), path) === seal.root, "the row is not in the seal");
  return seal;
}

const [keysFile, ...proofFiles] = process.argv.slice(2);
for (const file of proofFiles) {
  try {
    const [keys, proof] = [keysFile, file].map((name) => JSON.parse(readFileSync(name, "utf8")));
    const { number, sealed_at: at } = check(proof, keys);
    console.log(`Row ${proof.id} is leaf ${proof.index} of seal ${number}, sealed ${at}.`);
  } catch (error) {
    console.log(`Not proven: ${file}: ${error.message}`);
    process.exitCode = 1;
  }
}
if (proofFiles.length === 0) process.exitCode = 2;
