import type { Json } from '../entities.ts';
import {
  bool,
  type Field,
  integer,
  isoTime,
  lengthOf,
  link,
  list,
  maybe,
  object,
  text,
} from './fields.ts';

const TOTAL = 6000;
const picture = maybe(object({ url: link('http', 'https', 'attachment') }));

const shape = object({
  title: maybe(text({ max: 256 })),
  type: maybe(text()),
  description: maybe(text({ max: 4096 })),
  url: maybe(link('http', 'https')),
  timestamp: maybe(isoTime),
  color: maybe(integer({ min: 0, max: 0xffffff })),
  footer: maybe(
    object({ text: text({ max: 2048 }), icon_url: maybe(link('http', 'https', 'attachment')) }),
  ),
  image: picture,
  thumbnail: picture,
  author: maybe(
    object({
      name: text({ min: 1, max: 256 }),
      url: maybe(link('http', 'https')),
      icon_url: maybe(link('http', 'https', 'attachment')),
    }),
  ),
  fields: maybe(
    list(
      object({
        name: text({ min: 1, max: 256 }),
        value: text({ min: 1, max: 1024 }),
        inline: maybe(bool),
      }),
      { max: 25 },
    ),
  ),
});

type Embed = ReturnType<typeof shape>;

/** One embed; an embed with nothing to show is refused at `description`, as Discord words it. */
const embed: Field<Json> = (value, errors) => {
  const read = shape(value, errors);
  if (errors.failed) return {};
  const { title, description, footer, image, thumbnail, author, fields } = read;
  const empty = ![title, description, footer, image, thumbnail, author, fields?.length].some(
    Boolean,
  );
  if (empty) errors.at('description').add('BASE_TYPE_REQUIRED', 'This field is required');
  return tidy(read);
};

/** A message's embeds: ten at most, 6,000 characters over all of them. */
export const embeds: Field<Json[]> = (value, errors) => {
  const read = list(embed, { max: 10 })(value, errors);
  if (errors.failed) return [];
  const size = read.reduce((sum, one) => sum + sizeOf(one as Embed), 0);
  if (size > TOTAL) {
    errors.add('MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${TOTAL}`);
  }
  return read;
};

function sizeOf(embed: Embed): number {
  const fields = (embed.fields ?? []).flatMap((f) => [f.name, f.value]);
  const parts = [embed.title, embed.description, embed.footer?.text, embed.author?.name, ...fields];
  return parts.reduce<number>((sum, part) => sum + lengthOf(part ?? ''), 0);
}

function tidy(embed: Embed): Json {
  const given = Object.entries(embed).filter(([, value]) => value !== undefined && value !== null);
  const fields = embed.fields?.map((f) => ({ ...f, inline: f.inline ?? false }));
  return { ...Object.fromEntries(given), ...(fields ? { fields } : {}), type: 'rich' };
}
