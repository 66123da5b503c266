/**
 * When Postgres is killed its driver throws out of timers and sockets of its own, where nobody can catch.
 * Such an error is the fault that the test made, not a fault that it found.
 */
export function isLostConnection(error: { message?: string; stack?: string }): boolean {
  const ofDriver = "query" in error || /node_modules\/postgres\/src\//.test(error.stack ?? "");
  const told = `${"code" in error ? error.code : ""} ${error.message}`;
  return ofDriver &&
    /CONNECTION_|ECONN|EPIPE|reading 'write'|terminating connection|57P0\d/.test(told);
}
