/** Receives one line, without its newline. */
export type Log = (line: string) => void;

/** Calls `onLine` for each line of a byte stream until it ends. */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: Log,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}
