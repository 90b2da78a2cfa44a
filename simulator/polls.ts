import type { Json, Message, Poll } from './entities.ts';
import { renderTime } from './render-time.ts';
import { bool, integer, list, maybe, object, text, validate } from './validation/fields.ts';

const HOUR_MS = 3600 * 1000;

const pollBody = object({
  question: object({ text: text({ min: 1, max: 300 }) }),
  answers: list(
    object({ poll_media: object({ text: text({ min: 1, max: 55 }), emoji: (value) => value }) }),
    { min: 1, max: 10 },
  ),
  duration: maybe(integer({ min: 1, max: 768 })),
  allow_multiselect: maybe(bool),
  layout_type: maybe(integer({ min: 1, max: 1 })),
});

/** A new poll from the body of a message. */
export function openPoll(given: unknown): Poll {
  const read = validate((value, errors) => pollBody(value, errors.at('poll')), given);
  return {
    question: read.question,
    answers: read.answers.map(({ poll_media }, index) => ({
      answer_id: index + 1,
      poll_media: {
        text: poll_media.text,
        ...(poll_media.emoji ? { emoji: poll_media.emoji } : {}),
      },
    })),
    expiry: new Date(Date.now() + (read.duration ?? 24) * HOUR_MS).toISOString(),
    allow_multiselect: read.allow_multiselect ?? false,
    layout_type: 1,
    is_finalized: false,
  };
}

/** A poll as its message shows it. Nobody votes here. */
export function renderPoll({ is_finalized, ...poll }: Poll): Json {
  return {
    ...poll,
    expiry: renderTime(poll.expiry),
    results: { is_finalized, answer_counts: [] },
  };
}

/** The line Discord writes once a poll has ended, as the embed of a message of type 46. */
export function resultEmbed({ poll }: Message): Json {
  const fields = [
    { name: 'poll_question_text', value: poll?.question.text ?? '', inline: false },
    { name: 'victor_answer_votes', value: '0', inline: false },
    { name: 'total_votes', value: '0', inline: false },
  ];
  return { type: 'poll_result', fields };
}
