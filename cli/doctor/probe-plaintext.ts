import { Buffer } from "node:buffer";
import { connect } from "node:net";
import type { DatabaseTarget } from "../connect/database-target.ts";

/** What a database says to a connection without TLS. */
export type PlaintextAnswer = "accepted" | "refused" | "unknown";

const TIMEOUT_MS = 5_000;
const PROTOCOL_3 = 196_608;

/**
 * Opens a connection without TLS, says who it is and looks at the first byte of the answer. A server
 * that enforces TLS refuses before it asks for a password; none is sent.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export function probePlaintext(
  { host, port, user, database }: DatabaseTarget,
): Promise<PlaintextAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: PlaintextAnswer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => end("unknown"));
    socket.on("error", () => end("unknown"));
    socket.on("close", () => end("unknown"));
    socket.on("connect", () => socket.write(startupMessage(user, database)));
    socket.on(
      "data",
      (bytes) => end(readAnswer(typeof bytes === "string" ? Buffer.from(bytes) : bytes)),
    );
  });
}

function startupMessage(user: string, database: string): Buffer {
  const text = Buffer.from(`user\0${user}\0database\0${database}\0\0`, "utf8");
  const head = Buffer.alloc(8);
  head.writeInt32BE(text.length + head.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, text]);
}

/** `R`: it asks for a password, in the clear. `E` with 28000: no pg_hba entry without encryption. */
export function readAnswer(bytes: Uint8Array): PlaintextAnswer {
  const text = Buffer.from(bytes).toString("latin1");
  if (text.startsWith("R")) return "accepted";
  if (text.startsWith("E") && (text.includes("C28000\0") || /\b(?:SSL|TLS)\b/i.test(text))) {
    return "refused";
  }
  return "unknown";
}
