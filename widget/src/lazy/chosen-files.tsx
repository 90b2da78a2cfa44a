import type { Desk } from '../chat/desk.ts';
import type { Draft } from '../chat/draft.ts';
import { Icon, IconButton } from '../chat/icons.tsx';
import type { Session } from '../chat/session.ts';
import { sizeText } from '../chat/text-rules.ts';

/** What will go with the message, as pictures where they are. */
export function ChosenFiles(props: { desk: Desk; session: Session; draft: Draft }) {
  const { desk, session, draft } = props;
  const { say, locale } = desk.words;
  return (
    <ul class="chosen">
      {draft.state.files.map((file) => {
        const url = session.previews.url(file);
        return (
          <li key={file.key} class={url ? 'chosen-picture' : 'chosen-file'}>
            {url ? (
              <img src={url} alt={file.name} />
            ) : (
              <>
                <Icon name="file" />
                <span class="file-name" dir="auto">
                  {file.name}
                </span>
                <small>{sizeText(file.size, locale)}</small>
              </>
            )}
            <IconButton
              icon="close"
              label={say('removeFile', { name: file.name })}
              onClick={({ currentTarget }) => {
                const form = (currentTarget as HTMLElement).closest('form');
                draft.removeFile(file.key);
                session.tell();
                form?.querySelector('textarea')?.focus();
              }}
            />
          </li>
        );
      })}
    </ul>
  );
}
