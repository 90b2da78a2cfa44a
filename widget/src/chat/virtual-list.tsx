import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

interface Keyed {
  key: string;
}

interface VirtualListProps<T extends Keyed> {
  rows: T[];
  render(row: T): ComponentChildren;
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
/** What is beyond the view is drawn in steps of so many pixels, a frame each: none takes long. */
const STEP = 200;
const FRAME_MS = 20;
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

/**
 * Windowing: of however many rows only those near the view exist. Heights are measured as rows come,
 * guessed before; whatever changes above, the row that is looked at stays where it is.
 */
export function VirtualList<T extends Keyed>(props: VirtualListProps<T>) {
  const { rows, render, label, onTop, onBottom, toEnd, children } = props;
  const view = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<string, number>()).current;
  const sticks = useRef(true);
  const anchor = useRef<Anchor>();
  const [, setVersion] = useState(0);
  const [range, setRange] = useState({ top: 0, height: 800, over: 0 });
  const renew = () => setVersion((version) => version + 1);

  const ends = new Float64Array(rows.length);
  let total = 0;
  for (const [index, { key }] of rows.entries()) {
    total += heights.get(key) ?? ESTIMATE;
    ends[index] = total;
  }
  const startOf = (index: number) => (index > 0 ? (ends[index - 1] as number) : 0);
  const { current: held } = anchor;
  const heldAt = held ? rows.findIndex(({ key }) => key === held.key) : -1;
  // Where the row that is looked at is now: whatever has come above it is not drawn first.
  const heldTop = held && heldAt >= 0 ? startOf(heldAt) - held.offset : undefined;
  const top = sticks.current ? Math.max(0, total - range.height) : (heldTop ?? range.top);
  const first = Math.min(find(ends, top - range.over), Math.max(0, rows.length - 1));
  const last = Math.min(rows.length, find(ends, top + range.height + range.over) + 1);
  const before = startOf(first);
  const after = total - startOf(last);

  const measure = useMemo(
    () =>
      new ResizeObserver((entries) => {
        let isNew = false;
        for (const { target, borderBoxSize } of entries) {
          const key = (target as HTMLElement).dataset.key ?? '';
          const height = borderBoxSize[0]?.blockSize ?? 0;
          if (!key || height === 0 || heights.get(key) === height) continue;
          heights.set(key, height);
          isNew = true;
        }
        if (isNew) renew();
      }),
    [heights],
  );
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    // The view itself: a keyboard that opens, a composer that grows.
    const resized = new ResizeObserver(() => {
      const { scrollTop: top, clientHeight: height } = element;
      setRange(({ over }) => ({ top, height, over }));
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      measure.disconnect();
    };
  }, [measure]);

  useLayoutEffect(() => {
    sticks.current = true;
    renew();
  }, [toEnd]);

  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    if (sticks.current) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    if (heldTop !== undefined && Math.abs(element.scrollTop - heldTop) > 1) {
      element.scrollTop = heldTop;
    }
  });

  useEffect(() => {
    if (range.over >= OVERSCAN) return;
    // After the frame that has drawn the step before: one begins with what has been scrolled.
    const timer = setTimeout(() => {
      setRange((now) => ({ ...now, over: Math.min(OVERSCAN, now.over + STEP) }));
    }, FRAME_MS);
    return () => clearTimeout(timer);
  }, [range]);

  const onScroll = () => {
    const element = view.current;
    if (!element) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    sticks.current = scrollHeight - scrollTop - clientHeight < NEAR;
    const index = find(ends, scrollTop);
    const row = rows[index];
    anchor.current = row && { key: row.key, offset: startOf(index) - scrollTop };
    onBottom(sticks.current);
    if (scrollTop < 400) onTop();
    const moved = Math.abs(scrollTop - range.top);
    if (moved <= STEP && clientHeight === range.height) return;
    // Of what is drawn nothing is in view after a leap.
    const over = moved > clientHeight + OVERSCAN ? 0 : range.over;
    setRange({ top: scrollTop, height: clientHeight, over });
  };

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
      {rows.slice(first, last).map((row) => (
        <Measured key={row.key} id={row.key} observer={measure}>
          {render(row)}
        </Measured>
      ))}
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
