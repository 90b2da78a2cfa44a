import { useRef, useState } from 'preact/hooks';
import { Icon, IconButton } from '../icons.tsx';
import type { ServerView } from './server-view.ts';
import type { Channel, Command } from './shapes.ts';

const TYPING_EVERY_MS = 8000;

/** `/close because` as a command and the value of its first option. */
function readCommand(text: string, commands: readonly Command[]) {
  const [, name, rest = ''] = /^\/(\S+)(?:\s+([\s\S]*))?$/.exec(text) ?? [];
  const command = commands.find((one) => one.name === name);
  if (!command) return undefined;
  const option = command.options?.[0];
  const values: Record<string, string> =
    option && rest.trim() ? { [option.name]: rest.trim() } : {};
  return { command, values };
}

/** Where staff write: text, files, and commands that begin with a slash. */
export function Composer({ view, channel }: { view: ServerView; channel: Channel }) {
  const [text, setText] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const [problem, setProblem] = useState('');
  const picker = useRef<HTMLInputElement>(null);
  const lastTyping = useRef(0);

  const submit = async () => {
    const content = text.trim();
    if (!content && files.length === 0) return;
    setProblem('');
    setText('');
    setFiles([]);
    try {
      const run = readCommand(content, view.commands);
      if (run) await view.api.runCommand(channel.id, run.command, run.values);
      else await view.api.send(channel.id, content, files);
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
  const offered = /^\/\S*$/.test(text)
    ? view.commands.filter(({ name }) => `/${name}`.startsWith(text))
    : [];
  return (
    <form
      class="discord-composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Offered commands={offered} onPick={(name) => setText(`/${name} `)} />
      {problem && <p role="alert">{problem}</p>}
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

function Offered(props: { commands: Command[]; onPick: (name: string) => void }) {
  if (props.commands.length === 0) return null;
  return (
    <ul class="discord-commands" aria-label="Commands">
      {props.commands.map(({ id, name, description, options }) => (
        <li key={id}>
          <button type="button" onClick={() => props.onPick(name)}>
            <strong>/{name}</strong> {options?.map((option) => option.name).join(' ')}
            <small>{description}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
