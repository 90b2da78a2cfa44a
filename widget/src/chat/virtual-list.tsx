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
  readonly #heights = new Map<string, number>();
  #stale = false;

  /** @returns itself, of these rows */
  of(rows: readonly Keyed[]): this {
    if (rows !== this.rows || this.#stale) {
      this.rows = rows;
      this.ends = new Float64Array(rows.length);
      let end = 0;
      for (let index = 0; index < rows.length; index++) {
        end += this.#heights.get(rows[index]?.key as string) ?? ESTIMATE;
        this.ends[index] = end;
      }
      this.#stale = false;
    }
    return this;
  }

  start(index: number): number {
    return this.ends[index - 1] ?? 0;
  }

  get total(): number {
    return this.start(this.ends.length);
  }

  /** @returns whether it was another one before */
  measure(key: string | undefined, height: number): boolean {
    // What has none is not shown.
    const before = this.#heights.get(key ?? '') ?? 0;
    if (!key || !height || Math.abs(before - height) < 0.1) return false;
    this.#heights.set(key, height);
    this.#stale = true;
    return true;
  }

  knows(key: string | undefined): boolean {
    return this.#heights.has(key ?? '');
  }
}

/** Which of the rows are drawn: from `first` to before `last`. */
interface Window {
  rows: readonly Keyed[];
  first: number;
  last: number;
}

interface Aim {
  top: number;
  height: number;
  /** Drawn upwards where the end is what is looked at. */
  isAtEnd: boolean;
}

/** The same rows among others, that have come before and behind them. */
function follow({ rows: before, first, last }: Window, rows: readonly Keyed[]): Window {
  if (before === rows) return { rows, first, last };
  const at = rows.findIndex(({ key }) => key === before[first]?.key);
  return { rows, first: Math.max(0, at), last: at < 0 ? 0 : at + last - first };
}

/** A batch more towards what is near the view, what is in it first; what is far from it no longer. */
function draw(places: Places, was: Window, { top, height, isAtEnd }: Aim) {
  const { ends, rows } = places;
  const from = (y: number) => Math.min(find(ends, y), Math.max(0, rows.length - 1));
  const to = (y: number) => Math.min(find(ends, y) + 1, rows.length);
  const [seenFirst, seenLast] = [from(top), to(top + height)];
  const [allFirst, allLast] = [from(top - OVERSCAN), to(top + height + OVERSCAN)];
  let { first, last } = follow(was, rows);
  first = Math.max(first, allFirst);
  last = Math.min(last, allLast);
  if (last <= first || first >= seenLast || last <= seenFirst) {
    first = isAtEnd ? seenLast : seenFirst;
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
  const { rows, render, isSame, label, onTop, onBottom, toEnd, children } = props;
  const view = useRef<HTMLDivElement>(null);
  const places = useMemo(() => new Places(), []);
  const sticks = useRef(true);
  const anchor = useRef<Anchor>();
  const seen = useRef({ top: 0, height: 800 }).current;
  const drawn = useRef<Window>({ rows, first: 0, last: 0 });
  const lines = useRef({ render, all: new Map<string, Line<T>>() });
  const [, setVersion] = useState(0);
  const renew = () => setVersion((version) => version + 1);

  /** Where the view begins for the row that is looked at to be where it was. */
  const findTop = () => {
    const { current: held } = anchor;
    const index = held ? rows.findIndex(({ key }) => key === held.key) : -1;
    return held && index >= 0 ? places.start(index) - held.offset : undefined;
  };
  places.of(rows);
  const isAtEnd = sticks.current;
  const top = isAtEnd ? Math.max(0, places.total - seen.height) : (findTop() ?? seen.top);
  const aim = useRef(top);
  aim.current = top;
  const window = draw(places, drawn.current, { top, height: seen.height, isAtEnd });
  const { first, last } = window;
  drawn.current = window;
  const before = places.start(first);
  const after = places.total - places.start(last);

  const observer = useMemo(
    () =>
      new ResizeObserver((entries) => {
        const isNew = entries.map(({ target, borderBoxSize }) =>
          places.measure((target as HTMLElement).dataset.key, borderBoxSize[0]?.blockSize ?? 0),
        );
        if (isNew.includes(true)) renew();
      }),
    [places],
  );
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    // The view itself: a keyboard that opens, a composer that grows.
    const resized = new ResizeObserver(() => {
      const { scrollTop: top, clientHeight: height } = element;
      Object.assign(seen, { top, height });
      renew();
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      observer.disconnect();
    };
  }, [observer]);

  useLayoutEffect(() => {
    sticks.current = true;
    renew();
  }, [toEnd]);

  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    // Here, not in the frame, which has enough to do.
    for (const line of element.querySelectorAll<HTMLElement>('.line')) {
      const { key } = line.dataset;
      if (!places.knows(key)) places.measure(key, Number.parseFloat(getComputedStyle(line).height));
    }
    places.of(rows);
    const wanted = sticks.current ? element.scrollHeight : findTop();
    if (wanted !== undefined && Math.abs(element.scrollTop - wanted) > 1) {
      element.scrollTop = wanted;
    }
    if (!window.isAll) soon(renew);
  });

  const onScroll = () => {
    const element = view.current;
    if (!element) return;
    const { scrollTop: top, clientHeight: height, scrollHeight } = element;
    const index = find(places.of(rows).ends, top);
    const row = rows[index];
    sticks.current = scrollHeight - top - height < NEAR;
    anchor.current = row && { key: row.key, offset: places.start(index) - top };
    Object.assign(seen, { top, height });
    onBottom(sticks.current);
    if (top < 400) onTop();
    if (Math.abs(top - aim.current) > STEP) soon(renew);
  };

  const known = lines.current.render === render ? lines.current.all : new Map<string, Line<T>>();
  const all = new Map<string, Line<T>>();
  for (const row of rows.slice(first, last)) {
    const line = known.get(row.key);
    const shown = line && isSame(line.row, row) ? line.shown : undefined;
    all.set(row.key, {
      row,
      shown: shown ?? (
        <Measured key={row.key} id={row.key} observer={observer}>
          {render(row)}
        </Measured>
      ),
    });
  }
  lines.current = { render, all };
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
    >
      <div class="spacer" style={{ height: `${before}px` }} />
      {[...all.values()].map(({ shown }) => shown)}
      <div class="spacer" style={{ height: `${after}px` }} />
      {children}
    </div>
  );
}

/** A row, and what was drawn of it. */
interface Line<T> {
  row: T;
  shown: VNode;
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
