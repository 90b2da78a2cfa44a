import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { trimUrl } from './text-rules.ts';
import type { WordKey } from './words.ts';

type Say = (key: WordKey) => string;

interface Rule {
  find: RegExp;
  render(found: RegExpExecArray, say: Say): ComponentChildren;
}

function Spoiler({ say, children }: { say: Say; children: ComponentChildren }) {
  const [shown, setShown] = useState(false);
  if (shown) return <span class="spoiler">{children}</span>;
  return (
    <button
      type="button"
      class="spoiler hidden-text"
      aria-label={say('showSpoiler')}
      onClick={() => setShown(true)}
    >
      <span aria-hidden="true">{children}</span>
    </button>
  );
}

function link(url: string, children: ComponentChildren = url) {
  return (
    <a
      href={url}
      title={children === url ? undefined : url}
      target="_blank"
      rel="noreferrer noopener"
      dir="auto"
    >
      {children}
    </a>
  );
}

const urlRule: Rule = {
  find: /https?:\/\/[^\s<>]+/y,
  render: (found) => link(found[0]),
};

const inner = (found: RegExpExecArray, say: Say) => inline(found[1] ?? '', say, staffRules);

/** The first that fits at a place wins. Bounded, so that a hostile text costs no more than its length. */
const staffRules: Rule[] = [
  { find: /\\([^A-Za-z0-9\s])/y, render: (found) => found[1] },
  { find: /`([^`\n]{1,2000})`/y, render: (found) => <code>{found[1]}</code> },
  {
    find: /\*\*(.{1,2000}?)\*\*(?!\*)/sy,
    render: (found, say) => <strong>{inner(found, say)}</strong>,
  },
  { find: /__(.{1,2000}?)__(?!_)/sy, render: (found, say) => <u>{inner(found, say)}</u> },
  { find: /~~(.{1,2000}?)~~/sy, render: (found, say) => <s>{inner(found, say)}</s> },
  {
    find: /\|\|(.{1,2000}?)\|\|/sy,
    render: (found, say) => <Spoiler say={say}>{inner(found, say)}</Spoiler>,
  },
  { find: /\*(?!\s)([^*]{1,2000}?)\*/y, render: (found, say) => <em>{inner(found, say)}</em> },
  {
    find: /_(?!\s)([^_]{1,2000}?)_(?![A-Za-z0-9])/y,
    render: (found, say) => <em>{inner(found, say)}</em>,
  },
  {
    find: /\[([^\]\n]{1,300})\]\(<?(https?:\/\/[^\s<>)]+)>?\)/y,
    render: (found, say) => link(found[2] ?? '', inline(found[1] ?? '', say, [])),
  },
  { find: /<(https?:\/\/[^\s<>]+)>/y, render: (found) => link(found[1] ?? '') },
  urlRule,
];

/** What a customer writes means what it says; only addresses become links. */
const ownRules: Rule[] = [urlRule];
const places = /[\\`*_~|[<]|https?:\/\//g;

/** Builds nodes from markup inside a line; text stays text. */
function inline(text: string, say: Say, rules: Rule[]): ComponentChildren[] {
  const nodes: ComponentChildren[] = [];
  let done = 0;
  places.lastIndex = 0;
  for (let at = next(text, 0); at >= 0; ) {
    const hit = hitAt(text, at, rules);
    if (!hit) {
      at = next(text, at + 1);
      continue;
    }
    if (at > done) nodes.push(text.slice(done, at));
    nodes.push(hit.rule.render(hit.found, say));
    done = at + hit.found[0].length;
    at = next(text, done);
  }
  if (done < text.length) nodes.push(text.slice(done));
  return nodes;
}

function next(text: string, from: number): number {
  places.lastIndex = from;
  return places.exec(text)?.index ?? -1;
}

function hitAt(text: string, at: number, rules: Rule[]) {
  const isInWord = text[at] === '_' && /[A-Za-z0-9]/.test(text[at - 1] ?? '');
  if (isInWord) return undefined;
  for (const rule of rules) {
    rule.find.lastIndex = at;
    const found = rule.find.exec(text);
    if (!found) continue;
    if (rule === urlRule) {
      found[0] = trimUrl(found[0]);
      if (!/^https?:\/\/[^/]/.test(found[0])) continue;
    }
    return { rule, found };
  }
  return undefined;
}

function Line({ line, say }: { line: string; say: Say }) {
  const [, mark, text] = /^(-# |> |#{1,3} |[-*] )?(.*)$/s.exec(line) ?? [];
  const children = inline(text ?? line, say, staffRules);
  if (mark === '-# ') return <small>{children}</small>;
  if (mark === '> ') return <blockquote>{children}</blockquote>;
  if (mark?.startsWith('#')) return <strong class="block">{children}</strong>;
  if (mark) return <span class="block item">{children}</span>;
  return <span class="block">{children.length > 0 ? children : '\u200b'}</span>;
}

/** What was said: staff write Discord's markup, of which a chat shows as much as it needs. */
export function Said({ text, isStaff, say }: { text: string; isStaff: boolean; say: Say }) {
  if (!isStaff) {
    return (
      <p class="said" dir="auto">
        {inline(text, say, ownRules)}
      </p>
    );
  }
  const parts = text.split(/```(?:[\w+#.-]*\n)?(.*?)```/s);
  return (
    <div class="said" dir="auto">
      {parts.map((part, index) => {
        if (index % 2 === 1) return <pre key={index}>{part.replace(/\n$/, '')}</pre>;
        if (part.trim() === '') return null;
        const lines = part.replace(/^\n|\n$/g, '').split('\n');
        return lines.map((line, n) => <Line key={`${index}-${n}`} line={line} say={say} />);
      })}
    </div>
  );
}

/** A text without its markup, for what reads it out and for lists. */
export function plainText(text: string): string {
  return text
    .replace(/\[([^\]\n]+)\]\(<?https?:[^\s)]+\)/g, '$1')
    .replace(/\|\|[^|]+\|\|/g, '▒▒▒')
    .replace(/```(?:[\w+#.-]*\n)?|[*~`]{1,2}|^(-# |> |#{1,3} )/gm, '')
    .trim();
}
