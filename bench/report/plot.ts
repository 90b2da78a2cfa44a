/** A group of bars over one label of the axis. */
export interface Group {
  label: string;
  /** One for each series, in their order; undefined where not measured. */
  values: readonly (number | undefined)[];
}

export interface Panel {
  title: string;
  groups: readonly Group[];
}

const width = 360;
const height = 230;
const plot = { left: 46, right: 10, top: 30, bottom: 28 };

/** Colours that hold on white and on black; the text follows the reader's choice. */
const colours = ['#8b949e', '#3b82f6', '#c9a227'];
const style = `text{font:12px system-ui,sans-serif;fill:#57606a}.t{font-weight:600}.g{stroke:#8b949e;stroke-opacity:.3}
@media(prefers-color-scheme:dark){text{fill:#c9d1d9}}`;

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function short(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toPrecision(2))}k` : String(Math.round(value));
}

function drawPanel({ title, groups }: Panel, x: number, y: number, top: number): string {
  const inner = { w: width - plot.left - plot.right, h: height - plot.top - plot.bottom };
  const base = height - plot.bottom;
  const parts = [`<text class="t" x="${plot.left}" y="18">${title}</text>`];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const at = base - share * inner.h;
    parts.push(
      `<line class="g" x1="${plot.left}" x2="${width - plot.right}" y1="${at}" y2="${at}"/>`,
      `<text x="${plot.left - 6}" y="${at + 4}" text-anchor="end">${short(share * top)}</text>`,
    );
  }
  const step = inner.w / groups.length;
  for (const [index, { label, values }] of groups.entries()) {
    const bar = (step * 0.8) / values.length;
    const from = plot.left + step * (index + 0.1);
    for (const [series, value] of values.entries()) {
      if (value === undefined) continue;
      const tall = Math.max(1, (value / top) * inner.h);
      const box = `x="${(from + series * bar).toFixed(1)}" y="${(base - tall).toFixed(1)}" width="${(bar - 2).toFixed(1)}" height="${tall.toFixed(1)}"`;
      parts.push(
        `<rect ${box} rx="2" fill="${colours[series]}"><title>${Math.round(value)}</title></rect>`,
        `<text x="${(from + (series + 0.5) * bar - 1).toFixed(1)}" y="${(base - tall - 3).toFixed(1)}" text-anchor="middle" font-size="9" style="font-size:9px">${short(value)}</text>`,
      );
    }
    parts.push(
      `<text x="${from + step * 0.4}" y="${base + 18}" text-anchor="middle">${label}</text>`,
    );
  }
  return `<g transform="translate(${x},${y})">${parts.join('')}</g>`;
}

/** Panels of grouped bars, two in a row, on one scale each. */
export function drawBars(series: readonly string[], panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / 2);
  const total = { w: width * 2, h: rows * height + 30 };
  const drawn = panels.map((panel, index) => {
    const values = panel.groups.flatMap((group) => group.values.map((value) => value ?? 0));
    const top = niceCeiling(Math.max(...values));
    return drawPanel(panel, (index % 2) * width, Math.floor(index / 2) * height, top);
  });
  const legend = series.map((name, index) => {
    const x = plot.left + index * 150;
    const y = rows * height + 8;
    return `<rect x="${x}" y="${y}" width="12" height="12" rx="2" fill="${colours[index]}"/><text x="${x + 18}" y="${y + 10}">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.w} ${total.h}" role="img" aria-label="Accepted sends a second"><style>${style}</style>${drawn.join('')}${legend.join('')}</svg>\n`;
}
