import type { Desk } from './desk.ts';
import { IconButton } from './icons.tsx';
import type { Session } from './session.ts';

interface LineProps {
  desk: Desk;
  class: string;
  text: string | undefined;
  onClose(): void;
}

function Line({ desk, class: name, text, onClose }: LineProps) {
  if (!text) return null;
  return (
    <p class={name} role="alert">
      <span>{text}</span>
      <IconButton icon="close" label={desk.words.say('cancel')} onClick={onClose} />
    </p>
  );
}

/** Why what was asked for was not done. */
export function Problem({ desk }: { desk: Desk }) {
  const onClose = () => desk.problem(undefined);
  return <Line class="problem" text={desk.problemText} {...{ desk, onClose }} />;
}

/** That a conversation has been deleted, for whoever misses it. */
export function GoneNotice({ desk, session }: { desk: Desk; session: Session }) {
  const { gone } = session;
  const text = gone.notice && desk.words.say(gone.notice);
  return <Line class="problem notice" text={text} {...{ desk, onClose: () => gone.dismiss() }} />;
}
