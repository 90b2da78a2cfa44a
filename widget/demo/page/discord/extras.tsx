import { Icon } from '../icons.tsx';
import { Markdown, type Names } from '../markdown.tsx';
import { fileSize } from '../sizes.ts';
import type { Attachment, Embed } from './shapes.ts';

const isImage = ({ content_type, filename }: Attachment) =>
  content_type?.startsWith('image/') ?? /\.(png|jpe?g|gif|webp)$/i.test(filename);

/** Pictures as such, everything else as a link. */
export function Attachments({ files }: { files: Attachment[] }) {
  return (
    <>
      {files.map((file) =>
        isImage(file) ? (
          <a key={file.id} href={file.url} target="_blank" rel="noreferrer noopener">
            <img class="discord-image" src={file.url} alt={file.filename} />
          </a>
        ) : (
          <a
            key={file.id}
            class="discord-file"
            href={file.url}
            target="_blank"
            rel="noreferrer noopener"
          >
            <Icon name="file" />
            <span>
              {file.filename} <small>{fileSize(file.size)}</small>
            </span>
          </a>
        ),
      )}
    </>
  );
}

export function EmbedCard({ embed, names }: { embed: Embed; names: Names }) {
  const color = `#${(embed.color ?? 0x5865f2).toString(16).padStart(6, '0')}`;
  return (
    <div class="discord-embed" style={{ borderLeftColor: color }}>
      {embed.title && (
        <div class="discord-embed-title">
          <Markdown text={embed.title} names={names} />
        </div>
      )}
      {embed.description && <Markdown text={embed.description} names={names} />}
      {embed.fields && (
        <dl>
          {embed.fields.map(({ name, value, inline }) => (
            <div key={name} class={inline ? 'inline' : ''}>
              <dt>{name}</dt>
              <dd>
                <Markdown text={value} names={names} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {embed.footer && <small class="discord-footer">{embed.footer.text}</small>}
    </div>
  );
}
