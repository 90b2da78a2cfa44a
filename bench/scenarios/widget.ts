import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../../tests/browser/browser.ts';
import type { Metric } from '../report/results.ts';
import { sourceRoot } from '../subjects/paths.ts';
import { type Running, start } from '../subjects/subjects.ts';
import { mintToken } from '../subjects/tokens.ts';
import { createWorld, type World } from '../subjects/world.ts';
import { installPeer, type Peer, peer } from '../widget/peer.ts';
import { serveSite, type WidgetSite } from '../widget/site.ts';
import { createStaff, HOUR_OF_TALK, talk } from '../widget/talk.ts';
import type { Task } from '../widget/trace.ts';
import { type Chat, ourChat, peerChat, Visitor } from '../widget/visitor.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const MESSAGES = 5000;
const SLOWED = 4;
const TALKS = 20;
const PERIODS = 4;

const metrics = {
  gzip: { name: 'gzip', unit: 'kB', better: 'lower' },
  task: { name: 'longest task', unit: 'ms', better: 'lower' },
  over: { name: 'tasks over 16 ms', unit: 'tasks', better: 'lower' },
  shift: { name: 'layout shift', unit: '', better: 'lower' },
  usable: { name: 'tap to usable', unit: 'ms', better: 'lower' },
  heap: { name: 'heap', unit: 'MB', better: 'lower' },
  elements: { name: 'elements', unit: 'elements', better: 'lower' },
  nodes: { name: 'nodes', unit: 'nodes', better: 'lower' },
} satisfies Record<string, Metric>;

const peerLabel = `${peer.name} ${peer.version}`;
const atSpeed = (slowed: number) => (slowed === 1 ? 'full speed' : `slowed ${slowed} times`);

interface Stage {
  run: ScenarioRun;
  world: World;
  running: Running;
  site: WidgetSite;
  browser: Browser;
  ticket: string;
}

interface Entrant {
  label: string;
  chat: Chat;
  /** Where somebody begins, and where there is a conversation. */
  begin: { path: string; button: string };
  long: { path: string; button: string };
}

function recordTasks({ run }: Stage, at: string, label: string, tasks: readonly Task[]): void {
  const [longest] = tasks;
  run.record.add(at, label, metrics.task, longest?.ms ?? 0);
  run.record.add(at, label, metrics.over, tasks.filter(({ ms }) => ms > 16).length);
  run.say(
    `${label}, ${at}: ${longest?.ms.toFixed(1)} ms: ${longest?.parts.slice(0, 6).join(', ')}`,
  );
}

/** Loading, and the first field to write in, of somebody who has never been here. */
async function measureBegin(stage: Stage, { label, chat, begin }: Entrant): Promise<void> {
  const { run, site, browser } = stage;
  const visitor = await Visitor.come(browser, chat, SLOWED);
  try {
    const tasks = await visitor.trace(() => visitor.page.goto(site.url + begin.path));
    if (chat === ourChat) {
      recordTasks(stage, `loading, ${atSpeed(SLOWED)}`, label, tasks);
      run.record.add('loading', label, metrics.shift, await visitor.layoutShift());
    }
    const ms = await visitor.tap(begin.button, false);
    run.record.add(`first message, ${atSpeed(SLOWED)}`, label, metrics.usable, ms);
    run.say(`${label}: ${Math.round(ms)} ms to a first message`);
    await visitor.write('Hello');
  } finally {
    await visitor.leave();
  }
}

/** A long conversation that is opened cold, and scrolled through. */
async function measureLong(stage: Stage, entrant: Entrant, slowed: number): Promise<void> {
  const { label, chat, long } = entrant;
  const { run, site, browser } = stage;
  const visitor = await Visitor.come(browser, chat, slowed);
  try {
    await visitor.page.goto(site.url + long.path);
    let ms = 0;
    const opening = await visitor.trace(async () => {
      ms = await visitor.tap(long.button, true);
    });
    const at = `${MESSAGES} messages, ${atSpeed(slowed)}`;
    run.record.add(at, label, metrics.usable, ms);
    run.say(`${label}: ${Math.round(ms)} ms to ${at}`);
    recordTasks(stage, `opening ${at}`, label, opening);
    await visitor.write('Hello');
    const { quick } = run.effort;
    const scrolling = await visitor.trace(() => visitor.scroll(quick ? 10 : 60, quick ? 5 : 20));
    recordTasks(stage, `scrolling ${at}`, label, scrolling);
  } finally {
    await visitor.leave();
  }
}

/** An hour of talk in some minutes: what is in use at its middle and at its end. */
async function measureTalk(stage: Stage): Promise<void> {
  const { run, running, site, browser } = stage;
  const [seat] = await running.tickets(1);
  const [staff] = running.listenersOf(seat as never, 1);
  if (!seat || !staff) throw new Error('there is nobody to talk');
  site.tokens.owner = seat.token;
  const { say, close } = createStaff(running.port, seat.ticket, staff);
  const visitor = await Visitor.come(browser, ourChat, 1);
  try {
    await visitor.page.goto(`${site.url}/ticket/${seat.ticket}`);
    await talkOfOthers(say);
    await visitor.tap('#tap', true);
    await visitor.page.locator(ourChat.composer).click();
    const each = (run.effort.quick ? HOUR_OF_TALK / 10 : HOUR_OF_TALK) / PERIODS;
    for (let period = 1; period <= PERIODS; period++) {
      await talk(visitor, say, (period - 1) * each, period * each);
      const { heap, elements, nodes } = await visitor.memory();
      const at = `after ${(60 * period) / PERIODS} minutes`;
      run.record.add(at, 'deskcord', metrics.heap, heap / 1e6);
      run.record.add(at, 'deskcord', metrics.elements, elements);
      run.record.add(at, 'deskcord', metrics.nodes, nodes);
      run.say(`${at}: ${(heap / 1e6).toFixed(2)} MB, ${elements} elements, ${nodes} nodes`);
    }
  } finally {
    close();
    await visitor.leave();
  }
}

/** Enough of a conversation to fill the view. */
async function talkOfOthers(say: (content: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < TALKS; at++) await say(`Before ${at}`);
}

async function measureBytes({ run }: Stage, bought: Peer | undefined): Promise<void> {
  const path = join(sourceRoot, 'dist/widget/public/manifest.json');
  const { files } = JSON.parse(await readFile(path, 'utf8')) as {
    files: Record<string, { gzip: number }>;
  };
  const sum = (names: readonly string[]) =>
    names.reduce((all, name) => all + (files[name]?.gzip ?? Number.NaN), 0) / 1000;
  const chat = ['chat.js', 'locale-en.js', 'overlays.js', 'service.js', 'hints.js'];
  run.record.add('before the tap', 'deskcord', metrics.gzip, sum(['loader.js']));
  run.record.add('the tap', 'deskcord', metrics.gzip, sum(chat));
  if (bought) run.record.add('the tap', peerLabel, metrics.gzip, bought.gzip / 1000);
}

/** The same of a peer, in the same rounds; where it cannot be had, of ours alone. */
async function buyPeer({ run, site, world }: Stage): Promise<Peer | undefined> {
  try {
    const bought = await installPeer(world.directory);
    site.peerScript = bought.script;
    return bought;
  } catch (error) {
    run.say(`no ${peerLabel}: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

async function measureAll(stage: Stage): Promise<void> {
  const { run, ticket } = stage;
  const bought = await buyPeer(stage);
  await measureBytes(stage, bought);
  const ours: Entrant = {
    ...{ label: 'deskcord', chat: ourChat },
    begin: { path: '/new', button: 'deskcord-chat .launcher' },
    long: { path: `/ticket/${ticket}`, button: '#tap' },
  };
  const theirs: Entrant = {
    ...{ label: peerLabel, chat: peerChat },
    begin: { path: '/peer/0', button: '#tap' },
    long: { path: `/peer/${MESSAGES}`, button: '#tap' },
  };
  for (let round = 1; round <= run.effort.rounds; round++) {
    run.say(`round ${round} of ${run.effort.rounds}`);
    await measureBegin(stage, ours);
    for (const slowed of [1, SLOWED]) await measureLong(stage, ours, slowed);
    if (bought) await measureBegin(stage, theirs);
    // Once: it takes most of a minute, and some minutes on a slowed processor.
    if (bought && round === 1) await measureLong(stage, theirs, 1);
  }
  await measureTalk(stage);
}

export const widgetScenario: Scenario = {
  name: 'widget',
  about:
    'the widget in a browser slowed four times, 5,000 messages, an hour of talk; a peer beside it',
  async run(run) {
    const world = await createWorld(1);
    const site = await serveSite();
    const browser = await openBrowser();
    const env = { ALLOWED_ORIGINS: site.url };
    const running = await start(world, 'deskcord', { env });
    try {
      const [seat] = await running.tickets(1);
      if (!seat) throw new Error('there is no ticket');
      await running.fill(seat, MESSAGES);
      site.host = `http://127.0.0.1:${running.port}`;
      site.tokens = { owner: seat.token, new: mintToken('somebody-new', 'TEMP_USER') };
      const { ticket } = seat;
      await measureAll({ run, world, running, site, browser, ticket });
      return world.mongodVersion;
    } finally {
      await running.stop();
      await browser.close();
      await site.close();
      await world.close();
    }
  },
};
