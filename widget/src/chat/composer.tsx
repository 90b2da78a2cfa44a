import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from './conversation.ts';
import type { Desk } from './desk.ts';
import { Icon, IconButton } from './icons.tsx';
import { refuseFile } from './reasons.ts';
import type { Session } from './session.ts';
import { countCodePoints, isVisible, limits } from './text-rules.ts';

interface ComposerProps {
  desk: Desk;
  session: Session;
  conversation: Conversation;
  /** Something was sent. */
  onSent(): void;
}

const COUNT_FROM = 3600;
/** Where Enter is a key beside the thumb, it makes a new line. */
const isTouch = () => matchMedia('(pointer: coarse)').matches;

/** Takes files wherever they come from: chosen, pasted or dropped. */
export async function addFiles(desk: Desk, conversation: Conversation, files: Iterable<File>) {
  desk.problem(undefined);
  for (const file of files) {
    const refusal = refuseFile(desk.words, file, conversation.draft.state.files.length);
    if (refusal) desk.problem(refusal);
    else
      await conversation.draft.addFile(file).catch(() => desk.problem(desk.words.say('errOther')));
  }
  desk.tell();
}

/** Where a message is written, or an own one changed. */
export function Composer({ desk, session, conversation, onSent }: ComposerProps) {
  const { words } = desk;
  const { say } = words;
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [saving, setSaving] = useState(false);
  const { draft } = conversation;
  const { edit, files, reply } = draft.state;
  const { overlays, service } = desk.layers;
  const text = edit ? edit.text : draft.state.text;
  const over = countCodePoints(text) - limits.content;
  const hasContent = isVisible(text) || (!edit && files.length > 0);
  // More than may be sent come together where what was not sent elsewhere is added.
  const max = limits.filesPerMessage;
  const hasTooMany = !edit && files.length > max;
  const canSend = hasContent && over <= 0 && !hasTooMany && !saving;

  useCaret(field, text);
  useGrowth(field, text);
  // Before the next key: an effect would let it go past the field that took another's place.
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), [edit?.id, reply]);

  const change = (value: string) => {
    if (edit) draft.change({ edit: { ...edit, text: value } });
    else draft.change({ text: value });
    if (!edit && conversation.open && isVisible(value)) conversation.open.typing();
    session.tell();
  };
  const submit = () => {
    if (!canSend) return;
    field.current?.focus();
    if (!edit) {
      desk.problem(undefined);
      conversation.send();
      return onSent();
    }
    setSaving(true);
    void desk.run(conversation.saveEdit()).finally(() => setSaving(false));
  };
  const insert = (piece: string) => {
    const at = field.current?.selectionStart ?? text.length;
    const end = field.current?.selectionEnd ?? at;
    change(text.slice(0, at) + piece + text.slice(end));
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at + piece.length, at + piece.length);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && (edit || reply)) {
      event.stopPropagation();
      if (edit) conversation.endEdit();
      else conversation.reply(undefined);
    } else if (event.key === 'ArrowUp' && !text && !edit) {
      const own = conversation.messages.findLast(
        (shown) => shown.state === 'sent' && shown.message.author_id === session.person.id,
      );
      if (own?.state !== 'sent' || !own.message.content) return;
      event.preventDefault();
      conversation.beginEdit(own.message);
    }
  };
  const placeholder = say(conversation.id === 'new' ? 'startHere' : 'writeHere');
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {edit && (
        <p class="edit-bar">
          <Icon name="edit" /> <span>{say('editing')}</span>
          <button type="button" class="link" onClick={() => conversation.endEdit()}>
            {say('cancel')}
          </button>
        </p>
      )}
      {!edit && reply && service && (
        <service.ReplyBar {...{ desk, session, conversation }} id={reply} />
      )}
      {!edit && files.length > 0 && overlays && (
        <overlays.ChosenFiles {...{ desk, session, draft }} />
      )}
      <div class="composer-box">
        {!edit && desk.options.files !== false && (
          <>
            <IconButton icon="clip" label={say('attach')} onClick={() => picker.current?.click()} />
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-label={say('attach')}
              onChange={({ currentTarget }) => {
                void addFiles(desk, conversation, [...(currentTarget.files ?? [])]);
                currentTarget.value = '';
                field.current?.focus();
              }}
            />
          </>
        )}
        <textarea
          ref={field}
          rows={1}
          dir={text ? 'auto' : undefined}
          aria-label={edit ? say('editing') : say('message')}
          aria-invalid={over > 0}
          aria-describedby="dc-count"
          placeholder={placeholder}
          value={text}
          onInput={({ currentTarget }) => change(currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])];
            if (pasted.length === 0 || edit || desk.options.files === false) return;
            event.preventDefault();
            void addFiles(desk, conversation, pasted);
          }}
        />
        <EmojiButton desk={desk} onPick={insert} />
        <button
          type="submit"
          class="send"
          aria-label={edit ? say('save') : say('send')}
          disabled={!canSend}
        >
          <Icon name={edit ? 'check' : 'send'} />
        </button>
      </div>
      <p id="dc-count" class={over > 0 || hasTooMany ? 'count over' : 'count'}>
        {hasTooMany && say('filesTooMany', { max })}
        {over > 0 && say('tooLong', { count: over })}
        {over <= 0 && over > COUNT_FROM - limits.content && say('left', { count: -over })}
      </p>
    </form>
  );
}

/** Where text is added around what is being written, the caret stays where it was in it. */
function useCaret(field: { current: HTMLTextAreaElement | null }, text: string): void {
  const element = field.current;
  const before = element?.value ?? text;
  const [from, to] = [element?.selectionStart ?? 0, element?.selectionEnd ?? 0];
  useLayoutEffect(() => {
    if (!element || before === text || !before) return;
    let same = 0;
    while (same < before.length && before[same] === text[same]) same++;
    const move = (place: number) => (place > same ? place + text.length - before.length : place);
    if (text.endsWith(before.slice(same))) element.setSelectionRange(move(from), move(to));
  }, [text]);
}

/** The field is as high as its text, within reason. */
function useGrowth(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text, field]);
}

function EmojiButton({ desk, onPick }: { desk: Desk; onPick: (emoji: string) => void }) {
  const { say } = desk.words;
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!open || !element) return;
    let end = () => {};
    const button = element.parentElement?.querySelector<HTMLElement>('.emoji-button');
    const close = () => {
      setOpen(false);
      button?.focus();
    };
    void import('./emoji.js' as string)
      .then((lazy: typeof import('../lazy/emoji.ts')) => {
        const pick = (emoji: string) => {
          setOpen(false);
          onPick(emoji);
        };
        end = lazy.showEmoji(element, { label: say('emoji'), onPick: pick, onClose: close });
      })
      .catch(() => setOpen(false));
    return () => end();
  }, [open]);
  return (
    <div class="emoji-place">
      <IconButton
        class="emoji-button"
        icon="smile"
        label={say('emoji')}
        expanded={open}
        onClick={() => setOpen(!open)}
      />
      {open && <div class="veil clear" onPointerDown={() => setOpen(false)} />}
      {open && <div ref={place} class="emoji-panel" />}
    </div>
  );
}
