import type { Browser, Page } from 'playwright-core';

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  /** Microseconds by the clock, and of the processor. */
  dur?: number;
  tdur?: number;
  args?: { data?: { url?: string }; name?: string };
}

/** A task of a main thread. */
export interface Task {
  /** Milliseconds, of the processor where the trace has it. */
  ms: number;
  /** What it consists of, the dearest first: `Layout 4.2`. */
  parts: readonly string[];
}

const categories = ['devtools.timeline', 'toplevel'];

/** How script is run; what only names a file of it, such as the request for it, is the browser's own. */
const running =
  /^(EvaluateScript|FunctionCall|v8\.evaluateModule|v8\.compileModule|RunMicrotasks|EventDispatch)$/;
/** What a page that changes costs beside its script. */
const drawing = /^(UpdateLayoutTree|Layout|PrePaint|Paint|Layerize|Commit)$/;

const costOf = ({ tdur, dur = 0 }: TraceEvent) => (tdur ?? dur) / 1000;
const endOf = ({ ts, dur = 0 }: TraceEvent) => ts + dur;

/** What the events within a task took, each without those within it. */
function partsOf(within: readonly TraceEvent[]): string[] {
  const own = new Map<string, number>();
  const open: TraceEvent[] = [];
  for (const event of within) {
    while (open.length > 0 && endOf(open.at(-1) as TraceEvent) <= event.ts) open.pop();
    const parent = open.at(-1);
    if (parent) own.set(parent.name, (own.get(parent.name) ?? 0) - costOf(event));
    own.set(event.name, (own.get(event.name) ?? 0) + costOf(event));
    open.push(event);
  }
  return [...own]
    .filter(([, ms]) => ms >= 0.3)
    .sort(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
}

/**
 * The tasks of main threads in which a script whose address fits ran, and those in which the page was
 * drawn; one within another is not another. Longest first.
 */
export function readTasks(trace: Buffer, script: RegExp): Task[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const isOurs = ({ name, args }: TraceEvent) =>
    running.test(name) && script.test(args?.data?.url ?? '');
  const threads = new Map<string, TraceEvent[]>();
  for (const event of traceEvents) {
    if (event.ph !== 'X') continue;
    const thread = `${event.pid} ${event.tid}`;
    const known = threads.get(thread);
    if (known) known.push(event);
    else threads.set(thread, [event]);
  }
  return [...threads.values()]
    .flatMap((events) => {
      const begun = Math.min(...events.filter(isOurs).map(({ ts }) => ts));
      // What was drawn before has nothing to do with the script.
      const isDrawing = ({ name, ts }: TraceEvent) => ts >= begun && drawing.test(name);
      return tasksOf(events, (event) => isOurs(event) || isDrawing(event));
    })
    .sort((a, b) => b.ms - a.ms);
}

function tasksOf(events: TraceEvent[], counts: (event: TraceEvent) => boolean): Task[] {
  const sorted = events.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const tasks: Task[] = [];
  let task: TraceEvent | undefined;
  let within: TraceEvent[] = [];
  const finish = () => {
    if (task && within.some(counts)) tasks.push({ ms: costOf(task), parts: partsOf(within) });
    within = [];
  };
  for (const event of sorted) {
    const isInside = task !== undefined && event.ts < endOf(task);
    if (isInside) within.push(event);
    else if (/RunTask$/.test(event.name)) {
      finish();
      task = event;
    }
  }
  finish();
  return tasks;
}

/** What is done meanwhile, in tasks of the page. */
export async function traceTasks(
  browser: Browser,
  page: Page,
  script: RegExp,
  work: () => Promise<void>,
): Promise<Task[]> {
  await browser.startTracing(page, { categories });
  await work();
  return readTasks(await browser.stopTracing(), script);
}
