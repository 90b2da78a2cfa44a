import { useEffect, useRef } from 'preact/hooks';
import type { Desk } from '../chat/desk.ts';
import type { Question as Asked } from '../chat/layers.ts';

/** Asks before something is gone; the answer that changes nothing has the focus. */
export function Question({ desk, asked }: { desk: Desk; asked: Asked }) {
  const { say } = desk.words;
  const no = useRef<HTMLButtonElement>(null);
  const isDone = useRef(false);
  useEffect(() => {
    const root = no.current?.getRootNode() as ShadowRoot | undefined;
    const before = root?.activeElement as HTMLElement | null;
    no.current?.focus();
    return () => {
      const fallback =
        root?.querySelector<HTMLElement>('.composer textarea') ??
        root?.querySelector<HTMLElement>('.screen button');
      // What the question was about may be gone in a moment, and the focus with it.
      (before?.isConnected && !isDone.current ? before : fallback)?.focus();
    };
  }, []);
  const close = () => {
    desk.layers.question = undefined;
    desk.tell();
  };
  return (
    <div class="question-veil">
      <div
        class="question"
        role="alertdialog"
        aria-modal="true"
        aria-labelledby="dc-question"
        aria-describedby="dc-question-hint"
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            close();
          }
          if (event.key !== 'Tab') return;
          // Two buttons: the other one is next, whichever way.
          event.preventDefault();
          const all = [...event.currentTarget.querySelectorAll('button')];
          const root = event.currentTarget.getRootNode() as ShadowRoot;
          (root.activeElement === all[0] ? all[1] : all[0])?.focus();
        }}
      >
        <h3 id="dc-question">{asked.title}</h3>
        <p id="dc-question-hint">{asked.hint}</p>
        <div class="answers">
          <button type="button" class="plain" ref={no} onClick={close}>
            {say('cancel')}
          </button>
          <button
            type="button"
            class="plain danger-button"
            onClick={() => {
              isDone.current = true;
              close();
              asked.onYes();
            }}
          >
            {asked.yes}
          </button>
        </div>
      </div>
    </div>
  );
}
