import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const nodeModules = join(dirname(fileURLToPath(import.meta.url)), "../../node_modules");

/** Quiet flags: a browser under test talks to the stack and to nobody else. */
const quietFlags = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // Loopback only at the resolver too: a name that slipped into a page cannot be looked up.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** The package's own configuration names folders of the machine it was made for. */
const fontConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

interface ChromiumInstall {
  executablePath: string;
  env: Record<string, string>;
}

/**
 * Starts a real headless Chromium with a profile of its own.
 *
 * The binary comes from npm and is unpacked once into `node_modules/.cache`. `PAYMENTS_CHROMIUM`
 * names an installed one to use instead. Close the returned browser; nothing else is left behind.
 */
export async function launchBrowser(): Promise<Browser> {
  const install = await findChromium();
  return chromium.launch({
    executablePath: install.executablePath,
    headless: true,
    args: quietFlags,
    env: install.env,
  });
}

async function findChromium(): Promise<ChromiumInstall> {
  const installed = process.env.PAYMENTS_CHROMIUM;
  if (installed !== undefined && installed !== "") {
    if (!existsSync(installed)) throw new Error(`PAYMENTS_CHROMIUM names no file: ${installed}`);
    return { executablePath: installed, env: ownEnv() };
  }
  const folder = await unpackChromium();
  return {
    executablePath: join(folder, "chromium"),
    env: {
      ...ownEnv(),
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      // The packed font set, so that pictures are the same on every machine.
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
      XDG_CACHE_HOME: folder,
    },
  };
}

async function unpackChromium(): Promise<string> {
  const source = join(nodeModules, "@sparticuz/chromium");
  const folder = join(nodeModules, ".cache", `chromium-${await versionOf(source)}`);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const staging = await mkdtemp(`${folder}.`);
  try {
    await inflateInto(staging, join(source, "bin"));
    await writeFile(join(staging, "fonts.conf"), fontConfiguration);
    // Only a complete folder gets the final name; whoever renames first wins.
    await rename(staging, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

/** The package unpacks into the temporary folder of its environment; nothing else can be told. */
async function inflateInto(folder: string, packed: string): Promise<void> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    for (const name of ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"]) {
      await inflate(join(packed, name));
    }
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

async function versionOf(packageFolder: string): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(join(packageFolder, "package.json"), "utf8"),
  );
  if (
    typeof manifest === "object" && manifest !== null && "version" in manifest &&
    typeof manifest.version === "string"
  ) {
    return manifest.version;
  }
  throw new Error("read no version from the manifest of @sparticuz/chromium");
}

function ownEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) env[name] = value;
  }
  return env;
}
