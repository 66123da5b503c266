import { commitClient, type CommittedClient } from "./audit/commit-client.ts";
import { containsCardNumber } from "./card-number.ts";
import { clientAddress } from "./client-address.ts";
import type { EncryptionKey } from "./config.ts";
import { encryptField } from "./encrypt-field.ts";

export type DescribeClient = (headers: Headers, requestId: string) => Promise<CommittedClient>;

const MAX_AGENT_LENGTH = 400;

/** Where the details lie; the encryption binds them to it. */
export function clientDetailsLocation(requestId: string) {
  return { table: "client_details", column: "encrypted_details", row: requestId };
}

/** Encrypts a request's address and agent for the database, and commits to them for the audit row. */
export function createClientDetails(keys: readonly EncryptionKey[]): DescribeClient {
  return (headers, requestId) =>
    commitClient(
      { address: clientAddress(headers), agent: agentOf(headers) },
      (plaintext) => encryptField(keys, clientDetailsLocation(requestId), plaintext),
    );
}

/** The agent as sent, bounded; null where it holds a card number, which we do not even encrypt. */
function agentOf(headers: Headers): string | null {
  const agent = headers.get("user-agent")?.slice(0, MAX_AGENT_LENGTH) ?? null;
  return agent === null || containsCardNumber(agent) ? null : agent;
}
