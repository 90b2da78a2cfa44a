import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceRoot } from '../subjects/paths.ts';
import { fillMarker } from './fill-marker.ts';
import { formatCount, formatNumber, formatTable } from './format.ts';
import type { ScenarioResult } from './results.ts';
import {
  assumed,
  type Costs,
  createFind,
  discord,
  planStep,
  predictRun,
  readCosts,
  type Step,
} from './scale-model.ts';

const pagePath = join(sourceRoot, 'docs/SCALE.md');
const steps = [1e3, 1e5, 1e7] as const;

function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  return `${formatNumber(bytes / 1024 ** power)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

const micro = (seconds: number) => `${formatNumber(seconds * 1e6)} µs`;

function costTable(costs: Costs): string {
  return formatTable(
    ['What', 'Cost', 'Scenario'],
    [
      ['memory of an open socket', formatBytes(costs.socketBytes), '`scale`'],
      ['memory of a server without sockets', formatBytes(costs.emptyBytes), '`memory`'],
      ['an idle socket, each second', micro(costs.idleSocket), '`scale`'],
      ['a connect, authorised', micro(costs.connect), '`scale`'],
      ['a message, on the node that takes it (64 senders)', micro(costs.send), '`accept`'],
      ['a message, on another node that delivers it', micro(costs.foreign), '`scale`'],
      ['a delivery to one more listener', micro(costs.delivery), '`fan-out`'],
      ['a message, in Redis, for two nodes', micro(costs.redis), '`scale`'],
      ['a message, on each member of a three-node MongoDB', micro(costs.mongod), '`accept-3`'],
      ['a recent entry, each time a sweep looks at it', micro(costs.sweptEntry), '`scale`'],
      ['a stored message, with its indexes', formatBytes(costs.storedBytes), '`costs`'],
    ],
  );
}

function stepTable(costs: Costs): string {
  const plans = steps.map((sockets) => planStep(sockets, costs));
  const row = (what: string, show: (step: Step) => string) => [what, ...plans.map(show)];
  const cores = (value: number) => `${formatNumber(value)} cores`;
  return formatTable(
    ['Open sockets', ...steps.map((count) => `**10${{ 1e3: '³', 1e5: '⁵', 1e7: '⁷' }[count]}**`)],
    [
      row('messages a second', (step) => formatCount(step.rate)),
      row('server processes, two at least', (step) => formatCount(step.nodes)),
      row('memory of each', (step) => formatBytes(step.memory)),
      row('cores of each that go on hints of the others’ messages', (step) =>
        formatNumber(step.hints),
      ),
      row(
        'when one ends: until its sockets are back on the others',
        (step) => `${formatCount(Math.max(1, step.storm))} s`,
      ),
      row('Redis, every hint to every process', (step) => cores(step.redisCores)),
      row('MongoDB primary, writes', (step) => cores(step.mongodCores)),
      row('MongoDB, sweeps of all processes', (step) => cores(step.sweepCores)),
      row('stored in a day', (step) => formatBytes(step.bytesPerDay)),
      row('staff at work', (step) => formatCount(step.staff)),
      row('if all of them watch everything', (step) => cores(step.watchingCores)),
      row(`posts to Discord a second (${discord.requestsPerSecond} for one bot)`, (step) =>
        step.discordRequests < 1 ? 'fewer than 1' : formatCount(step.discordRequests),
      ),
      row(`open tickets (${discord.channelsPerGuild} channels a guild)`, (step) =>
        formatCount(step.tickets),
      ),
    ],
  );
}

/** What the model, fed by the other scenarios, says of the run of `scale`, and what was measured there. */
function checkTable(results: readonly ScenarioResult[]): string {
  const rows = predictRun(createFind(results), countSockets(results));
  return formatTable(
    ['In the run of `scale`', 'By the model', 'Measured', 'Measured / model'],
    rows
      .filter(({ measured }) => !Number.isNaN(measured))
      .map(({ what, predicted, measured, unit }) => [
        what,
        `${formatNumber(predicted)} ${unit}`,
        `${formatNumber(measured)} ${unit}`,
        formatNumber(measured / predicted),
      ]),
  );
}

/** How many sockets the run of `scale` had open. */
function countSockets(results: readonly ScenarioResult[]): number {
  const scale = results.find(({ scenario }) => scenario === 'scale');
  return Number.parseInt(scale?.measures[0]?.at ?? '0', 10);
}

/** Writes the model's numbers into docs/SCALE.md, from whatever has been measured. */
export async function writeScale(results: readonly ScenarioResult[]): Promise<void> {
  const costs = readCosts(createFind(results));
  let page = await readFile(pagePath, 'utf8');
  page = fillMarker(page, 'costs', costTable(costs));
  const leisure = createFind(results)('scale', 'sockets', 'CPU of the node that takes a message');
  page = fillMarker(
    page,
    'pressed',
    `A node at leisure, with 1,000 messages a second to take, writes one or two with a command and spends ${formatNumber(leisure)} µs on each; pressed by 64 senders it writes twenty at once and spends ${formatNumber(costs.send * 1e6)} µs.`,
  );
  page = fillMarker(page, 'steps', stepTable(costs));
  page = fillMarker(page, 'check', checkTable(results));
  const limit = formatNumber(assumed.load / costs.foreign);
  page = fillMarker(
    page,
    'hints',
    `With these costs a process that hears every hint has nothing left for its own work at about ${limit} messages a second in all, however many processes there are.`,
  );
  await writeFile(pagePath, page);
}
