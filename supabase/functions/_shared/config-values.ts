// What the value of each variable may look like (docs/configuration.md). Messages never repeat a value.
import { z } from "zod";
import { keyRingSchema, publicHalf } from "./audit/key-ring.ts";

export const environmentSchema = z.enum(["development", "staging", "production"], {
  error: "must be development, staging or production",
});

export const urlSchema = z.string().transform((text) => text.replace(/\/$/, "")).refine(
  isOrigin,
  "must be an http(s) URL without path or query",
);

export const headerSchema = z.string().regex(/^[\w-]{1,64}$/, "must be the name of a header");

export const hashKeySchema = z.string().refine(is32Bytes, "must be base64 of 32 bytes");

export const issuerSchema = z.string().refine(isSinkUrl, "must be a URL");

export const sinkUrlSchema = z.string().refine(
  isSinkUrl,
  "must be an http(s) URL without user-info",
);

/** @see https://www.standardwebhooks.com */
export const sinkSecretSchema = z.string().refine(
  (text) => text.startsWith("whsec_") && decodedLength(text.slice("whsec_".length)) >= 24,
  "must be whsec_ and base64 of at least 24 bytes",
);

export const signingKeySchema = z.string().refine(
  (text) => publicHalf(text) !== null,
  "must be an Ed25519 key (PKCS#8, base64)",
);

export const publicKeysSchema = jsonValue("must be a JSON list").pipe(keyRingSchema);

/** `https://…` is posted to; `s3+https://host/bucket/prefix?region=…` is an S3-compatible bucket. */
export const anchorUrlSchema = z.string().refine(
  (text) => isSinkUrl(text.replace(/^s3\+/, "")) && (!text.startsWith("s3+") || isBucketUrl(text)),
  "must be an http(s) URL, or s3+https://host/bucket/prefix?region=…",
);

export const anchorCredentialsSchema = z.string().regex(
  /^[^:\s]{3,}:[^:\s]{8,}$/,
  "must be <access key id>:<secret access key>",
);

export const booleanSchema = z.enum(["true", "false"], { error: "must be true or false" })
  .transform((value) => value === "true");

export const stripeKeySchema = z.string().regex(
  /^(sk|rk)_(test|live)_[A-Za-z0-9_]{8,}$/,
  "must be a secret or restricted key (sk_…, rk_…), not a publishable key",
);

export const webhookSecretsSchema = z.string().transform((value) => value.split(",")).pipe(
  z.array(z.string().regex(/^whsec_[A-Za-z0-9+/=_-]{16,}$/, "must be whsec_ secrets"))
    .max(3, "must have at most three secrets")
    .refine((list) => new Set(list).size === list.length, "must not repeat a secret"),
);

export const originsSchema = z.string().transform((value) => value.split(",")).pipe(
  z.array(z.string().refine(isOrigin, "must be exact origins (scheme://host[:port])")).max(50),
);

export const secretKeysSchema = jsonObject().pipe(
  z.record(
    z.string(),
    z.string().refine(
      (key) => !/^(sb_publishable_|pk_)/.test(key) && key.length >= 16,
      "must hold secret keys",
    ),
  ),
).refine((keys) => Object.keys(keys).length > 0, "must hold at least one key");

export const publishableKeysSchema = jsonObject().pipe(
  z.record(
    z.string(),
    z.string().refine(
      (key) => !/^(sb_secret_|sk_|rk_|whsec_)/.test(key) && key.length >= 16,
      "must hold publishable keys",
    ),
  ),
).refine((keys) => Object.keys(keys).length > 0, "must hold at least one key");

export const encryptionKeysSchema = jsonObject().pipe(
  z.record(
    z.string().regex(/^[a-z][a-z0-9_]*$/, "must have key ids like k1"),
    z.string().refine(is32Bytes, "must hold base64 keys of 32 bytes"),
  ),
).refine((keys) => Object.keys(keys).length > 0, "must hold at least one key")
  .transform((keys) => Object.entries(keys).map(([id, base64]) => ({ id, base64 })));

function jsonObject() {
  return jsonValue("must be a JSON object");
}

function jsonValue(message: string) {
  return z.string().transform((value, context) => {
    try {
      const parsed: unknown = JSON.parse(value);
      return parsed;
    } catch {
      // the parser's own message would quote the secret
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
  });
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

function isSinkUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "";
}

function isBucketUrl(text: string): boolean {
  const url = URL.parse(text.slice("s3+".length));
  return url !== null && url.pathname.split("/")[1] !== "" && url.searchParams.has("region") &&
    url.searchParams.size === 1;
}

function is32Bytes(text: string): boolean {
  return decodedLength(text) === 32;
}

/** Length of what a base64 text stands for; -1 for text that is none. */
function decodedLength(base64: string): number {
  try {
    return atob(base64).length;
  } catch {
    return -1;
  }
}
