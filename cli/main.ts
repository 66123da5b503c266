import { userInfo } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { wantsColour } from "./command-io.ts";
import { runProgram } from "./program.ts";

process.exitCode = await runProgram(process.argv.slice(2), {
  root: fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""),
  now: () => new Date(),
  colour: wantsColour(process.stdout.isTTY === true, process.env["NO_COLOR"]),
  terminal: process.stderr.isTTY === true,
  env: process.env,
  operator: userInfo().username,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
