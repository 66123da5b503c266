import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import {
  type AuditPublicKey,
  createAuditSigner,
  keyRingSchema,
  keyStatement,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { renderColumns } from "../render-columns.ts";
import { wouldGitTake } from "../would-git-take.ts";
import { findPublicKeys, findSigningKey, type KeyOptions } from "./public-keys.ts";

export interface KeysOptions extends KeyOptions {
  readonly json?: boolean;
}

export interface NewKeyOptions extends KeyOptions {
  readonly id: string;
  readonly out: string;
  readonly first?: boolean;
  readonly intoGit?: boolean;
  readonly overlapHours: number;
}

const HOUR_MS = 3_600_000;

/** The command `payments audit keys`. */
export async function listKeys(options: KeysOptions, io: CommandIo): Promise<ExitCode> {
  const keys = await findPublicKeys(options, io);
  if (options.json === true) {
    io.out(`${JSON.stringify(keys, null, 2)}\n`);
    return 0;
  }
  io.out(renderColumns(
    ["KEY", "FROM", "UNTIL", "SIGNED BY", "PUBLIC KEY"],
    keys.map((key, index) => [
      key.id,
      key.from,
      key.until ?? "–",
      keys[index - 1]?.id ?? "–",
      key.public_key,
    ]),
  ));
  return 0;
}

/**
 * The command `payments audit new-key`: makes the next key pair, has the present key sign it, writes
 * the private half to a file of its own and prints the new list.
 */
export async function makeKey(options: NewKeyOptions, io: CommandIo): Promise<ExitCode> {
  if (options.intoGit !== true && await wouldGitTake(options.out)) {
    throw new UsageError(
      `${options.out} lies in a git work tree that does not ignore it: what is committed once counts as ` +
        "leaked. Choose a folder outside of it, or say --into-git",
    );
  }
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const next: AuditPublicKey = {
    id: options.id,
    public_key: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    from: io.now().toISOString(),
  };
  const list = options.first === true ? [next] : await handOn(next, options, io);
  const checked = keyRingSchema.safeParse(list);
  if (!checked.success) {
    throw new UsageError(`The new list ${checked.error.issues[0]?.message ?? "is malformed"}`);
  }
  const secret = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  // never over a key that is there already
  await writeFile(options.out, `${secret}\n`, { mode: 0o600, flag: "wx" });
  io.out(`${JSON.stringify(checked.data)}\n`);
  io.error(
    `The private key is in ${options.out}. Set PAYMENTS_AUDIT_SIGNING_KEY to what is in it and ` +
      "PAYMENTS_AUDIT_PUBLIC_KEYS to the line above, together.\n",
  );
  return 0;
}

async function handOn(
  next: AuditPublicKey,
  options: NewKeyOptions,
  io: CommandIo,
): Promise<AuditPublicKey[]> {
  const keys = await findPublicKeys(options, io);
  const present = keys.at(-1);
  if (present === undefined) throw new UsageError("There is no present key");
  const signer = createAuditSigner(await findSigningKey(io), keys);
  if (signer.keyId !== present.id) {
    throw new UsageError(`The signing key is ${signer.keyId}; only the newest, ${present.id}, may`);
  }
  // both are good for a while: the functions learn of the new one when they are deployed
  const until = new Date(io.now().getTime() + options.overlapHours * HOUR_MS).toISOString();
  return [
    ...keys.slice(0, -1),
    { ...present, until },
    { ...next, signature: signer.sign(keyStatement(next, until)) },
  ];
}
