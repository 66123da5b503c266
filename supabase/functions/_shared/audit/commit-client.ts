import { sha256Hex, toHex } from "../hex.ts";

/** Who called, as far as the network says. */
export interface AuditClient {
  readonly address: string | null;
  readonly agent: string | null;
}

/** What the guard takes of its caller, as JSON. */
export type CommittedClient = {
  /** SHA-256 over salt and client: it stands in the sealed row. */
  readonly commitment: string;
  /** The encrypted client and salt: they stand in a side table, and may be deleted. */
  readonly value: string;
};

const SALT_BYTES = 32;

/**
 * Binds an audit row to its caller without naming them in it. Whoever holds the side table's row can
 * show that it belongs to the sealed one; once that is deleted, the salt is gone, and the commitment
 * says nothing about the few thousand million addresses there are.
 *
 * @param encrypt makes `v1.<key id>.<base64>`; the table refuses any other text
 */
export async function commitClient(
  client: AuditClient,
  encrypt: (plaintext: Uint8Array<ArrayBuffer>) => Promise<string>,
): Promise<CommittedClient> {
  const salt = toHex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  const opened = { salt, address: client.address, agent: client.agent };
  return {
    commitment: await commitmentOf(opened),
    value: await encrypt(new TextEncoder().encode(JSON.stringify(opened))),
  };
}

/** The commitment that a decrypted value must lead to. */
export async function commitmentOf(opened: AuditClient & { salt: string }): Promise<string> {
  return await sha256Hex(JSON.stringify([opened.salt, opened.address, opened.agent]));
}
