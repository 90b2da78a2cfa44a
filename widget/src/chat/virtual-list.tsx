import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { soon } from './soon.ts';

interface Keyed {
  key: string;
}

interface VirtualListProps<T extends Keyed> {
  rows: T[];
  /** As long as it is the same function, a row that is the same is not drawn again. */
  render(row: T): ComponentChildren;
  /** Whether nothing of a row that is drawn has changed. */
  isSame(before: T, now: T): boolean;
  label: string;
  /** Near the top: more may be asked for. */
  onTop(): void;
  /** Whether the last row can be seen. */
  onBottom(isAtBottom: boolean): void;
  /** Rises when the list shall go to its end. */
  toEnd: number;
  /** Takes what shows the row of a key. */
  steer: { goTo: ((key: string) => void) | undefined };
  children?: ComponentChildren;
}

const ESTIMATE = 56;
const OVERSCAN = 600;
/** Rows are drawn so many at a time, in tasks of their own: none takes long, on slow machines neither. */
const BATCH = 3;
/** Scrolled by so many pixels, more may have to be drawn. */
const STEP = 200;
const NEAR = 48;

/** First index whose row ends below `y`. */
function find(ends: Float64Array, y: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What the person looks at: a row and how far below the top of the view it begins. */
interface Anchor {
  key: string;
  offset: number;
}

/** Where rows lie: heights are measured as rows come, guessed before. */
class Places {
  rows: readonly Keyed[] = [];
  ends = new Float64Array();
  #heights = new Map<string, number>();
  #stale = false;

  /** @returns itself, of these rows */
  of(rows: readonly Keyed[]): this {
    if (rows !== this.rows || this.#stale) {
      const heights = new Map<string, number>();
      let end = 0;
      this.ends = Float64Array.from(rows, ({ key }) => {
        const height = this.#heights.get(key);
        // Of what is no longer there nothing is kept.
        if (height) heights.set(key, height);
        end += height ?? ESTIMATE;
        return end;
      });
      this.#heights = heights;
      this.rows = rows;
      this.#stale = false;
    }
    return this;
  }

  /** @param index of a row, or the number of rows: the end of all of them */
  start(index: number): number {
    return this.ends[index - 1] ?? 0;
  }

  /** @returns whether it was another one before */
  measure({ dataset: { key = '' } }: HTMLElement, height: number): boolean {
    const before = this.#heights.get(key) ?? 0;
    // What has none is not shown.
    if (!height || Math.abs(before - height) < 0.1) return false;
    this.#heights.set(key, height);
    this.#stale = true;
    return true;
  }
}

/** A row, and what was drawn of it. */
interface Line<T> {
  row: T;
  shown: VNode;
}

/** Which of the rows are drawn: from `first` to before `last`. */
interface Window {
  rows: readonly Keyed[];
  first: number;
  last: number;
  /** Nothing is missing. */
  isAll: boolean;
}

interface State<T> {
  /** The view, where it was when it was last scrolled. */
  top: number;
  height: number;
  /** Its top as it was last drawn for. */
  aim: number;
  /** The end is looked at, and what comes there. */
  sticks: boolean;
  /** The beginning is asked for, however much is still to come above. */
  rises: boolean;
  anchor: Anchor | undefined;
  drawn: Window;
  /** What was drawn, by keys, and by what. */
  render: unknown;
  lines: Map<string, Line<T>>;
}

/** A batch more towards what is near the view, what is in it first; what is far from it no longer. */
function draw(
  { ends, rows }: Places,
  { drawn: was, aim: top, height, sticks }: Omit<State<unknown>, 'lines'>,
): Window {
  const from = (y: number) => Math.min(find(ends, y), Math.max(0, rows.length - 1));
  const to = (y: number) => Math.min(find(ends, y) + 1, rows.length);
  const [seenFirst, seenLast] = [from(top), to(top + height)];
  const [allFirst, allLast] = [from(top - OVERSCAN), to(top + height + OVERSCAN)];
  // The same rows, where others have come above them.
  const at =
    was.rows === rows ? was.first : rows.findIndex(({ key }) => key === was.rows[was.first]?.key);
  let first = Math.max(at, allFirst);
  let last = at < 0 ? 0 : Math.min(at + was.last - was.first, allLast);
  if (last <= first || first >= seenLast || last <= seenFirst) {
    // Upwards where the end is what is looked at.
    first = sticks ? seenLast : seenFirst;
    last = first;
  }
  let left = BATCH;
  const take = (count: number) => {
    const taken = Math.max(0, Math.min(left, count));
    left -= taken;
    return taken;
  };
  last += take(seenLast - last);
  first -= take(first - seenFirst);
  last += take(allLast - last);
  first -= take(first - allFirst);
  return { rows, first, last, isAll: first <= allFirst && last >= allLast };
}

/**
 * Windowing: of however many rows only those near the view exist, and they come a few at a time.
 * Whatever changes above, the row that is looked at stays where it is.
 */
export function VirtualList<T extends Keyed>(props: VirtualListProps<T>) {
  const { rows, render, isSame, label, onTop, onBottom, toEnd, steer, children } = props;
  const view = useRef<HTMLDivElement>(null);
  const places = useMemo(() => new Places(), []);
  const now = useRef<State<T>>({
    top: 0,
    height: 800,
    aim: 0,
    sticks: true,
    rises: false,
    anchor: undefined,
    drawn: { rows, first: 0, last: 0, isAll: false },
    render,
    lines: new Map(),
  }).current;
  const [, setVersion] = useState(0);
  const renew = () => setVersion((version) => version + 1);

  /** Where the view begins for the row that is looked at to be where it was. */
  const findTop = () => {
    if (now.rises) return 0;
    const held = now.anchor;
    const index = held ? rows.findIndex(({ key }) => key === held.key) : -1;
    return held && index >= 0 ? places.start(index) - held.offset : undefined;
  };
  places.of(rows);
  const total = places.start(rows.length);
  now.aim = now.sticks ? Math.max(0, total - now.height) : (findTop() ?? now.top);
  now.drawn = draw(places, now);
  const { first, last } = now.drawn;
  const before = places.start(first);
  const after = total - places.start(last);

  const observer = useMemo(
    () =>
      new ResizeObserver((entries) => {
        for (const { target, borderBoxSize } of entries) {
          if (places.measure(target as HTMLElement, borderBoxSize[0]?.blockSize ?? 0)) renew();
        }
      }),
    [places],
  );
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    // The view itself: a keyboard that opens, a composer that grows.
    const resized = new ResizeObserver(() => {
      now.top = element.scrollTop;
      now.height = element.clientHeight;
      renew();
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      observer.disconnect();
    };
  }, [observer]);

  const look = (sticks: boolean, rises = false) => {
    now.sticks = sticks;
    now.rises = rises;
    renew();
  };
  useLayoutEffect(() => look(true), [toEnd]);

  steer.goTo = (key) => {
    now.anchor = { key, offset: 60 };
    // The button that was pressed may be gone with its row.
    view.current?.focus();
    look(false);
  };

  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    // Here, not in the frame, which has enough to do.
    for (const line of element.querySelectorAll<HTMLElement>('.line')) {
      places.measure(line, Number.parseFloat(getComputedStyle(line).height));
    }
    places.of(rows);
    const wanted = now.sticks ? element.scrollHeight : findTop();
    if (wanted !== undefined && Math.abs(element.scrollTop - wanted) > 1) {
      element.scrollTop = wanted;
    }
    if (now.rises) onTop();
    if (!now.drawn.isAll) soon(renew);
  });

  const onScroll = () => {
    const element = view.current as HTMLElement;
    const top = element.scrollTop;
    const height = element.clientHeight;
    // Not the first one: it names a day, and stays first when more of that day comes above.
    const index = find(places.of(rows).ends, top) || 1;
    const row = rows[index];
    // Whoever scrolls on has seen enough of the beginning.
    if (top > 0) now.rises = false;
    now.sticks = !now.rises && element.scrollHeight - top - height < NEAR;
    now.anchor = row && { key: row.key, offset: places.start(index) - top };
    now.top = top;
    now.height = height;
    onBottom(now.sticks);
    if (top < 400) onTop();
    if (Math.abs(top - now.aim) > STEP) soon(renew);
  };

  const known = now.render === render ? now.lines : undefined;
  now.render = render;
  now.lines = new Map();
  for (const row of rows.slice(first, last)) {
    const line = known?.get(row.key);
    const shown = line && isSame(line.row, row) ? line.shown : undefined;
    now.lines.set(row.key, {
      row,
      shown: shown ?? (
        <Measured key={row.key} id={row.key} observer={observer}>
          {render(row)}
        </Measured>
      ),
    });
  }
  return (
    <div
      ref={view}
      class="log"
      role="log"
      aria-live="off"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={(event) => {
        const isEnd = event.key === 'End';
        if (event.target !== view.current || (!isEnd && event.key !== 'Home')) return;
        // Where rows have guessed heights, neither would be reached with one press.
        event.preventDefault();
        look(isEnd, !isEnd);
      }}
    >
      <div class="spacer" style={{ height: `${before}px` }} />
      {[...now.lines.values()].map(({ shown }) => shown)}
      <div class="spacer" style={{ height: `${after}px` }} />
      {children}
    </div>
  );
}

function Measured(props: { id: string; observer: ResizeObserver; children: ComponentChildren }) {
  const { id, observer, children } = props;
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    observer.observe(current);
    return () => observer.unobserve(current);
  }, [observer]);
  return (
    <div ref={element} class="line" data-key={id}>
      {children}
    </div>
  );
}
