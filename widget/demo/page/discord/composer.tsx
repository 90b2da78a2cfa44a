import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, IconButton } from '../icons.tsx';
import { focused, type Offer, offersFor, readCommandLine } from './command-line.ts';
import type { ServerView } from './server-view.ts';
import { type Channel, type Choice, type Message, nameOf } from './shapes.ts';

const TYPING_EVERY_MS = 8000;
const COMPLETE_AFTER_MS = 250;

/** Asks the bot what may be given for the option in focus, a moment after it was written. */
function useCompletion(view: ServerView, channel: Channel, text: string): readonly Choice[] {
  const line = text.startsWith('/') ? readCommandLine(text, view.commands) : undefined;
  const option = line?.focus?.option;
  const key = option?.autocomplete ? `${line?.command.name} ${option.name}` : '';
  useEffect(() => {
    if (!line || !key) return undefined;
    if (view.completed.key !== key) view.completed = { key, choices: [] };
    const timer = setTimeout(() => {
      view.api.complete(channel.id, line.command, focused(line)).catch(() => undefined);
    }, COMPLETE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [view, channel.id, text]);
  return key && view.completed.key === key ? view.completed.choices : [];
}

interface ComposerProps {
  view: ServerView;
  channel: Channel;
  /** The message that is answered. */
  answered: Message | undefined;
  onAnswered: () => void;
}

/** Where staff write: text, files, replies, and commands that begin with a slash. */
export function Composer({ view, channel, answered, onAnswered }: ComposerProps) {
  const [text, setText] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const [problem, setProblem] = useState('');
  const picker = useRef<HTMLInputElement>(null);
  const line = useRef<HTMLTextAreaElement>(null);
  const lastTyping = useRef(0);

  useEffect(() => {
    if (answered) line.current?.focus();
  }, [answered]);
  const submit = async () => {
    const content = text.trim();
    if (!content && files.length === 0) return;
    setProblem('');
    setText('');
    setFiles([]);
    try {
      const run = readCommandLine(content, view.commands);
      if (run) await view.api.runCommand(channel.id, run.command, run.options);
      else await view.api.send(channel.id, content, files, answered);
      onAnswered();
    } catch (error) {
      setProblem((error as Error).message);
      setText(content);
    }
  };
  const type = (value: string) => {
    setText(value);
    const now = Date.now();
    if (value.startsWith('/') || !value || now - lastTyping.current < TYPING_EVERY_MS) return;
    lastTyping.current = now;
    view.api.typing(channel.id).catch(() => undefined);
  };
  const pick = (value: string) => {
    setText(value);
    line.current?.focus();
  };
  const completed = useCompletion(view, channel, text);
  const offers = text.startsWith('/') ? offersFor(text, view.commands, completed) : [];
  return (
    <form
      class="discord-composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Offers offers={offers} onPick={pick} />
      {problem && <p role="alert">{problem}</p>}
      {answered && (
        <p class="discord-note">
          Replying to {nameOf(answered)}{' '}
          <button type="button" class="link" onClick={onAnswered}>
            cancel
          </button>
        </p>
      )}
      {files.length > 0 && (
        <p class="discord-note">
          {files.map(({ name }) => name).join(', ')}{' '}
          <button type="button" class="link" onClick={() => setFiles([])}>
            remove
          </button>
        </p>
      )}
      <div class="discord-input">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files for Discord"
          onChange={(event) => {
            setFiles([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <IconButton icon="plus" label="Attach files" onClick={() => picker.current?.click()} />
        <textarea
          ref={line}
          aria-label={`Message #${channel.name}`}
          placeholder={`Message #${channel.name}`}
          rows={1}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void submit();
          }}
        />
        <button type="submit" class="icon-button" aria-label="Send to Discord" title="Send">
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

function Offers({ offers, onPick }: { offers: Offer[]; onPick: (text: string) => void }) {
  if (offers.length === 0) return null;
  return (
    <ul class="discord-commands" aria-label="Commands">
      {offers.map(({ text, label, hint }) => (
        <li key={text}>
          <button type="button" onClick={() => onPick(text)}>
            <strong>{label}</strong>
            <small>{hint}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
