import { useEffect, useRef, useState } from 'preact/hooks';
import type { ServerView } from './server-view.ts';
import type { Component, Modal } from './shapes.ts';

interface Field extends Component {
  name: string;
}

/** The text inputs of a modal, in rows of the old kind or under labels of the new one. */
function fieldsOf({ components }: Modal): Field[] {
  return components.flatMap((part) => {
    const inputs = part.component ? [part.component] : (part.components ?? []);
    return inputs
      .filter(({ type }) => type === 4)
      .map((input) => ({ ...input, name: input.label ?? part.label ?? 'Text' }));
  });
}

/** A form the bot has asked this person to fill in. */
export function ModalForm({ view, modal }: { view: ServerView; modal: Modal }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const fields = fieldsOf(modal);
  const [values, setValues] = useState<Record<string, string>>(
    Object.fromEntries(fields.map(({ custom_id = '', value = '' }) => [custom_id, value])),
  );
  const [problem, setProblem] = useState('');
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async () => {
    try {
      await view.api.submit(modal.channel_id, modal, values);
      view.closeModal();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <dialog
      ref={dialog}
      class="discord-modal"
      aria-labelledby="modal-title"
      onClose={() => view.closeModal()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h2 id="modal-title">{modal.title}</h2>
        {fields.map(({ custom_id = '', name, required, max_length }) => (
          <label key={custom_id}>
            <span>{name}</span>
            <textarea
              rows={3}
              value={values[custom_id] ?? ''}
              required={required !== false}
              maxLength={max_length ?? 4000}
              onInput={(event) => {
                const { value } = event.currentTarget;
                setValues((all) => ({ ...all, [custom_id]: value }));
              }}
            />
          </label>
        ))}
        {problem && <p role="alert">{problem}</p>}
        <div class="discord-modal-actions">
          <button type="button" class="discord-button secondary" onClick={() => view.closeModal()}>
            Cancel
          </button>
          <button type="submit" class="discord-button primary">
            Submit
          </button>
        </div>
      </form>
    </dialog>
  );
}
