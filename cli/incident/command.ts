import { Command } from "commander";
import type { CommandIo, Done } from "../command-io.ts";
import { affectedCommand } from "./affected.ts";
import { closeCommand } from "./close.ts";
import { containCommand } from "./contain.ts";
import { authorityCommand, noticesCommand, notifyCommand } from "./notify.ts";
import { assessCommand, openCommand } from "./open.ts";
import { listCommand, scopeCommand, showCommand, timelineCommand } from "./show.ts";

const COMMANDS = [
  openCommand,
  listCommand,
  showCommand,
  assessCommand,
  affectedCommand,
  scopeCommand,
  containCommand,
  notifyCommand,
  noticesCommand,
  authorityCommand,
  timelineCommand,
  closeCommand,
];

/** The command `payments incident`. */
export function incidentCommand(io: CommandIo, done: Done): Command {
  const incident = new Command("incident").description("The worst day: docs/incidents.md");
  for (const make of COMMANDS) incident.addCommand(make(io, done));
  return incident;
}
