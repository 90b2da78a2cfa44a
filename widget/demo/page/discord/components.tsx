import { useState } from 'preact/hooks';
import type { ServerView } from './server-view.ts';
import { type Component, ComponentType, type Message } from './shapes.ts';

const buttonStyles = ['', 'primary', 'secondary', 'success', 'danger', 'secondary'];
const SECONDARY = 2;

interface PartProps {
  component: Component;
  act: (what: Promise<void>) => void;
  view: ServerView;
  message: Message;
}

/** The rows of buttons and menus under a message. */
export function Components({ view, message }: { view: ServerView; message: Message }) {
  const [problem, setProblem] = useState('');
  const rows = message.components.filter(({ components = [] }) => components.length > 0);
  if (rows.length === 0) return null;
  const act = (what: Promise<void>) => {
    setProblem('');
    what.catch((error: Error) => setProblem(error.message));
  };
  return (
    <>
      {rows.map(({ components = [] }, row) => (
        <div class="discord-buttons" key={row}>
          {components.map((component) => {
            const key = component.custom_id ?? component.url;
            const props = { component, act, view, message };
            if (component.type === ComponentType.menu) return <Menu key={key} {...props} />;
            return <Button key={key} {...props} />;
          })}
        </div>
      ))}
      {problem && (
        <p class="discord-note" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

function Button({ component, act, view, message }: PartProps) {
  const { custom_id = '', label, style = SECONDARY, disabled = false, url } = component;
  const classes = `discord-button ${buttonStyles[style]}`;
  if (url) {
    return (
      <a class={classes} href={url} target="_blank" rel="noreferrer">
        {label}
      </a>
    );
  }
  return (
    <button
      type="button"
      class={classes}
      disabled={disabled}
      onClick={() => act(view.api.press(message, custom_id))}
    >
      {label}
    </button>
  );
}

function Menu({ component, act, view, message }: PartProps) {
  const { custom_id = '', placeholder = 'Make a selection', options = [], disabled } = component;
  const preset = options.find((one) => one.default)?.value ?? '';
  return (
    <select
      class="discord-menu"
      aria-label={placeholder}
      disabled={disabled ?? false}
      value={preset}
      onChange={(event) => {
        const { value } = event.currentTarget;
        event.currentTarget.value = preset;
        if (value) act(view.api.choose(message, custom_id, value));
      }}
    >
      <option value="">{placeholder}</option>
      {options.map(({ label, value, description }) => (
        <option key={value} value={value} title={description ?? ''}>
          {label}
        </option>
      ))}
    </select>
  );
}
