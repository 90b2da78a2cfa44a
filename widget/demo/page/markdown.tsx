import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { fullTime, relativeTime } from './time.ts';

const RELATIVE_EVERY_MS = 1000;

interface Rule {
  find: RegExp;
  render(found: RegExpExecArray, names: Names): ComponentChildren;
}

/** Looks up the name of a user or a channel. */
export type Names = (id: string) => string;

const inner = (found: RegExpExecArray, names: Names) => renderInline(found[1] ?? '', names);

/** The first that fits at a place wins. */
const rules: Rule[] = [
  { find: /^\\([^A-Za-z0-9\s])/, render: (found) => found[1] },
  { find: /^`([^`]+)`/, render: (found) => <code>{found[1]}</code> },
  {
    find: /^\*\*(.+?)\*\*(?!\*)/s,
    render: (found, names) => <strong>{inner(found, names)}</strong>,
  },
  { find: /^__(.+?)__(?!_)/s, render: (found, names) => <u>{inner(found, names)}</u> },
  { find: /^~~(.+?)~~/s, render: (found, names) => <s>{inner(found, names)}</s> },
  { find: /^\*(?!\s)(.+?)\*/s, render: (found, names) => <em>{inner(found, names)}</em> },
  {
    find: /^_(?!\s)(.+?)_(?![A-Za-z0-9])/s,
    render: (found, names) => <em>{inner(found, names)}</em>,
  },
  {
    find: /^<t:(\d+)(?::(\w))?>/,
    render: ([, seconds, style]) => <Time at={Number(seconds) * 1000} style={style} />,
  },
  {
    find: /^<@!?(\d+)>/,
    render: (found, names) => <span class="mention">@{names(found[1] ?? '')}</span>,
  },
  {
    find: /^<#(\d+)>/,
    render: (found, names) => <span class="mention">#{names(found[1] ?? '')}</span>,
  },
  { find: /^<?(https?:\/\/[^\s<>]+)>?/, render: (found) => renderLink(found[1] ?? '') },
];

/** A time in the reader's clock; `R` as far as it is away, which goes on while it is looked at. */
function Time({ at, style }: { at: number; style: string | undefined }) {
  const [, setNow] = useState(Date.now());
  useEffect(() => {
    if (style !== 'R') return undefined;
    const timer = setInterval(() => setNow(Date.now()), RELATIVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [style]);
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={fullTime(at)}>
      {style === 'R' ? relativeTime(at) : fullTime(at)}
    </time>
  );
}

function renderLink(url: string) {
  return (
    <a href={url} target="_blank" rel="noreferrer noopener">
      {url}
    </a>
  );
}

/** Builds nodes from markup inside a line; text stays text. */
function renderInline(text: string, names: Names): ComponentChildren[] {
  const nodes: ComponentChildren[] = [];
  let plain = '';
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const inWord = /[A-Za-z0-9]$/.test(plain) && /^_/.test(rest);
    const hit = inWord ? undefined : firstHit(rest);
    if (!hit) {
      plain += text[at];
      at++;
      continue;
    }
    if (plain) nodes.push(plain);
    plain = '';
    nodes.push(hit.rule.render(hit.found, names));
    at += hit.found[0].length;
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function firstHit(rest: string) {
  for (const rule of rules) {
    const found = rule.find.exec(rest);
    if (found) return { rule, found };
  }
  return undefined;
}

function renderLine(line: string, names: Names, index: number) {
  const [, mark, text] = /^(-# |> |#{1,3} |[-*] )?(.*)$/s.exec(line) ?? [];
  const children = renderInline(text ?? line, names);
  if (mark === '-# ') return <small key={index}>{children}</small>;
  if (mark === '> ') return <blockquote key={index}>{children}</blockquote>;
  if (mark?.startsWith('#')) return <strong key={index}>{children}</strong>;
  if (mark) return <span key={index}>• {children}</span>;
  return <span key={index}>{children}</span>;
}

/** The first line of it, as a reply shows what it answers. */
export function FirstLine({ text, names }: { text: string; names: Names }) {
  const [line = ''] = text.trim().split('\n');
  return <span>{renderInline(line, names)}</span>;
}

/** Discord's markup, as much of it as a support channel has. */
export function Markdown({ text, names }: { text: string; names: Names }) {
  const parts = text.split(/```(?:[\w+#.-]*\n)?([\s\S]*?)```/);
  return (
    <div class="markdown">
      {parts.map((part, index) => {
        if (index % 2 === 1) return <pre key={index}>{part.replace(/\n$/, '')}</pre>;
        const lines = part.replace(/^\n|\n$/g, '').split('\n');
        return part.trim() === '' ? null : lines.map((line, n) => renderLine(line, names, n));
      })}
    </div>
  );
}
