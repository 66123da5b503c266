/**
 * A copy of a JSON value that Postgres can store: jsonb refuses U+0000 and lone surrogates, and an
 * event that cannot be stored would be delivered for three days and then be lost. Both become U+FFFD.
 */
export function storable<T>(value: T): T {
  const text = JSON.stringify(
    value,
    (_key, inner: unknown) => typeof inner === "string" ? clean(inner) : inner,
  );
  return text === undefined ? value : JSON.parse(text);
}

function clean(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}
