/**
 * A strict reader of OpenMetrics text, written from the specification for the families we show
 * (counter, gauge, histogram, no timestamps or exemplars).
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export interface Family {
  name: string;
  type: string;
  samples: Sample[];
}

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

/** @throws when the text is not what the specification asks for */
export function parseOpenMetrics(text: string): Family[] {
  if (!text.endsWith("\n# EOF\n") || text.indexOf("# EOF") !== text.length - 6) {
    fail("# EOF ends it");
  }
  const families: Family[] = [];
  const seen = new Set<string>();
  for (const line of text.split("\n").slice(0, -2)) {
    const meta = /^# (TYPE|HELP|UNIT) (\S+) (.+)$/.exec(line);
    if (meta !== null) readMeta(families, meta);
    else readSample(families, seen, line);
  }
  for (const family of families) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function readMeta(families: Family[], [, kind, name = "", rest = ""]: RegExpExecArray): void {
  const family = families.at(-1);
  if (kind === "TYPE") {
    if (SUFFIXES[rest] === undefined) fail(`type ${rest}`);
    if (families.some((one) => one.name === name)) fail(`${name} twice`);
    families.push({ name, type: rest, samples: [] });
  } else if (family?.name !== name || family.samples.length > 0) {
    fail(`${kind} ${name} out of place`);
  } else if (kind === "UNIT" && !name.endsWith(`_${rest}`)) {
    fail(`${name} does not end with ${rest}`);
  }
}

function readSample(families: Family[], seen: Set<string>, line: string): void {
  const [, name = "", inside = "", number = ""] = SAMPLE.exec(line) ?? fail(line);
  const family = families.at(-1) ?? fail("a sample without a family");
  const suffixes = SUFFIXES[family.type] ?? [];
  if (!suffixes.some((suffix) => name === family.name + suffix)) fail(`${name} in ${family.name}`);
  const labels = readLabels(inside);
  const series = JSON.stringify([name, Object.entries(labels).toSorted()]);
  if (seen.has(series)) fail(`${line} twice`);
  seen.add(series);
  const value = Number(number.replace("Inf", "Infinity"));
  if (family.type !== "gauge" && !(value >= 0)) fail(`${line} is negative`);
  family.samples.push({ name, labels, value });
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = "", value = ""] = LABEL.exec(text) ?? fail(`labels ${text}`);
    if (name in labels) fail(`label ${name} twice`);
    labels[name] = value;
  }
  return labels;
}

/** Buckets go up to +Inf, never down, and the last equals the count. */
function checkHistogram({ name, samples }: Family): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...rest } }) => JSON.stringify(rest));
  for (const group of groups.values()) {
    const buckets = group.filter((one) => one.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels["le"]?.replace("Inf", "Infinity")));
    buckets.forEach(({ value }, index) => {
      if (index === 0) return;
      if ((buckets[index - 1]?.value ?? 0) > value) fail(`${name} goes down`);
      if (!((bounds[index - 1] ?? 0) < (bounds[index] ?? 0))) fail(`${name}: bounds out of order`);
    });
    const count = group.find((one) => one.name === `${name}_count`)?.value;
    if (bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== count) fail(`${name} without +Inf`);
  }
}

function fail(what: string): never {
  throw new Error(`Not OpenMetrics: ${what}`);
}
