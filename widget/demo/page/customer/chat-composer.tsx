import { useRef, useState } from 'preact/hooks';
import type { OpenTicket } from '../../../../client/open-ticket.ts';
import type { FileView } from '../../../../src/contract/messages.ts';
import { Icon, IconButton } from '../icons.tsx';
import { fileSize } from '../sizes.ts';

const MAX_FILES = 10;

/** Where the customer writes; files are stored as soon as they are chosen. */
export function ChatComposer(props: { open: OpenTicket; onProblem: (error: Error) => void }) {
  const { open, onProblem } = props;
  const [text, setText] = useState('');
  const [files, setFiles] = useState<FileView[]>([]);
  const [uploading, setUploading] = useState(0);
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  const submit = () => {
    // A message has text; a file alone goes under its name.
    const content = text.trim() ? text : files.map(({ name }) => name).join(', ');
    if (!content || uploading > 0) return;
    open.send(content, { attachments: files });
    setText('');
    setFiles([]);
    field.current?.focus();
  };
  const upload = async (chosen: readonly File[]) => {
    for (const file of chosen.slice(0, MAX_FILES - files.length)) {
      setUploading((count) => count + 1);
      try {
        const stored = await open.upload(file);
        setFiles((all) => [...all, stored]);
      } catch (error) {
        onProblem(error as Error);
      }
      setUploading((count) => count - 1);
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {(files.length > 0 || uploading > 0) && (
        <ul class="pending-files" aria-label="Files to send">
          {files.map(({ id, name, size }) => (
            <li key={id}>
              <Icon name="file" /> {name} <small>{fileSize(size)}</small>
              <IconButton
                icon="close"
                label={`Remove ${name}`}
                onClick={() => setFiles((all) => all.filter((file) => file.id !== id))}
              />
            </li>
          ))}
          {uploading > 0 && <li>Uploading…</li>}
        </ul>
      )}
      <div class="composer-line">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files for the support"
          onChange={(event) => {
            void upload([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <IconButton icon="clip" label="Attach a file" onClick={() => picker.current?.click()} />
        <textarea
          ref={field}
          aria-label="Your message"
          placeholder="Write a message…"
          rows={1}
          maxLength={4000}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            if (event.currentTarget.value) open.typing();
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        <button type="submit" class="icon-button send" aria-label="Send" title="Send">
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
