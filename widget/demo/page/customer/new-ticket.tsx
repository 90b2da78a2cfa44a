import { useState } from 'preact/hooks';
import type { DeskSession } from './desk-session.ts';

/** What is it about, and what has happened. */
export function NewTicket({ session }: { session: DeskSession }) {
  const [topic, setTopic] = useState('');
  const [description, setDescription] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const submit = async () => {
    setBusy(true);
    setProblem('');
    try {
      await session.create(topic, description);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <form
      class="chat-body new-ticket"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label>
        <span>What is it about?</span>
        <input
          value={topic}
          maxLength={200}
          required
          placeholder="My order has not arrived"
          ref={(element) => {
            if (!topic) element?.focus();
          }}
          onInput={(event) => setTopic(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Tell us more</span>
        <textarea
          value={description}
          maxLength={4000}
          rows={6}
          required
          placeholder="Order number, what you expected, what happened…"
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {busy ? 'Sending…' : 'Start the conversation'}
      </button>
    </form>
  );
}
