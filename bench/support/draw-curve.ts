/** Precision and recall at one threshold. */
export interface CurvePoint {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

const BAR = 40;

/** The curve for a terminal: one line for each threshold, a bar for each of the two. */
export function curveAsText(points: readonly CurvePoint[]): string {
  const bar = (share: number, sign: string) => sign.repeat(Math.round(share * BAR)).padEnd(BAR);
  return points.map(({ threshold, precision, recall }) =>
    `  ${threshold.toFixed(1).padStart(4)}  precision ${precision.toFixed(3)} ${
      bar(precision, "▇")
    }` +
    `  recall ${recall.toFixed(3)} ${bar(recall, "░")}\n`
  ).join("");
}

const WIDTH = 640;
const HEIGHT = 320;
const EDGE = 48;

/** The same as a picture: both against the threshold. */
export function curveAsSvg(points: readonly CurvePoint[], used: number): string {
  const thresholds = points.map(({ threshold }) => threshold);
  const [from, to] = [Math.min(...thresholds), Math.max(...thresholds)];
  const x = (threshold: number) => EDGE + (threshold - from) / (to - from) * (WIDTH - 2 * EDGE);
  const y = (share: number) => HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE);
  const at = (value: number) => value.toFixed(1);
  const line = (of: "precision" | "recall", colour: string) =>
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${
      points.map((point) => `${at(x(point.threshold))},${at(y(point[of]))}`).join(" ")
    }"/>`;
  const text = (left: number, top: number, words: string, colour = "#444") =>
    `<text x="${at(left)}" y="${at(top)}" fill="${colour}" text-anchor="middle">${words}</text>`;
  const levels = [0, 0.5, 0.95, 1].map((share) =>
    `<path stroke="#ddd" d="M${EDGE} ${at(y(share))}H${WIDTH - EDGE}"/>${
      text(EDGE - 20, y(share) + 4, String(share))
    }`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>Precision and recall of anomaly alerts by threshold</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...levels,
    `<path stroke="#999" stroke-dasharray="4 4" d="M${at(x(used))} ${EDGE}V${HEIGHT - EDGE}"/>`,
    line("precision", "#1d4ed8"),
    line("recall", "#c2410c"),
    ...thresholds.map((threshold) => text(x(threshold), HEIGHT - EDGE + 20, String(threshold))),
    text(WIDTH / 2, HEIGHT - 8, "threshold"),
    text(WIDTH / 2 - 60, 24, "precision", "#1d4ed8"),
    text(WIDTH / 2 + 60, 24, "recall", "#c2410c"),
    "</svg>\n",
  ].join("\n");
}
