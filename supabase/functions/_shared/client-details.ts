import { containsCardNumber } from "./card-number.ts";
import { clientAddress } from "./client-address.ts";
import type { EncryptionKey } from "./config.ts";
import { encryptField } from "./encrypt-field.ts";
import { toHex } from "./hex.ts";

/** What is kept of who called: readable with the key only, and what the audit trail commits to. */
export type ClientDetails = {
  encrypted_details: string;
  /** SHA-256 over salt, address and agent, hex: says nothing once the details are deleted. */
  commitment: string;
};

export type DescribeClient = (headers: Headers, requestId: string) => Promise<ClientDetails>;

const SALT_BYTES = 16;
const MAX_AGENT_LENGTH = 400;

/** Where the details lie; the encryption binds them to it. */
export function clientDetailsLocation(requestId: string) {
  return { table: "client_details", column: "encrypted_details", row: requestId };
}

/**
 * Encrypts a request's address and agent for the database. The salt is encrypted with them, so that
 * deleting the row leaves a commitment that cannot be tried out.
 */
export function createClientDetails(keys: readonly EncryptionKey[]): DescribeClient {
  return async (headers, requestId) => {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES)).toBase64();
    const details = { address: clientAddress(headers), agent: agentOf(headers), salt };
    // an array, not an object: one encoding, whatever the order of keys
    const committed = utf8(JSON.stringify([salt, details.address, details.agent]));
    return {
      encrypted_details: await encryptField(
        keys,
        clientDetailsLocation(requestId),
        utf8(JSON.stringify(details)),
      ),
      commitment: toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", committed))),
    };
  };
}

/** The agent as sent, bounded; null where it holds a card number, which we do not even encrypt. */
function agentOf(headers: Headers): string | null {
  const agent = headers.get("user-agent")?.slice(0, MAX_AGENT_LENGTH) ?? null;
  return agent === null || containsCardNumber(agent) ? null : agent;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
