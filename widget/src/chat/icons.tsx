const paths = {
  back: 'M15 5l-7 7 7 7',
  send: 'M12 19V5m0 0l-6.5 6.5M12 5l6.5 6.5',
  clip: 'M20 11.5l-8.2 8.2a5 5 0 01-7.1-7.1l8.7-8.7a3.4 3.4 0 014.8 4.8l-8.6 8.6a1.7 1.7 0 01-2.4-2.4l7.9-7.9',
  smile: 'M12 3a9 9 0 100 18 9 9 0 000-18zM8.5 14.2a4.3 4.3 0 007 0M9 9.5v.1m6-.1v.1',
  edit: 'M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19 4 20z',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14m0 0l-6-6m6 6l6-6',
  chevron: 'M9 6l6 6-6 6',
  plus: 'M12 5v14M5 12h14',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  file: 'M6 3h8l4 4v14H6zm8 0v4h4',
  check: 'M5 12.5l4.5 4.5L19.5 7',
  checks: 'M2 12.5l4.5 4.5L16 7.5m-4.5 9L21.5 7',
  talk: 'M12 4c5 0 9 3.2 9 7.3s-4 7.3-9 7.3c-1 0-2-.1-2.9-.4L4.8 20.3l.9-3.4C4 15.5 3 13.5 3 11.3 3 7.2 7 4 12 4zM8.3 11.5h.01m3.7 0h.01m3.7 0h.01',
  clock: 'M12 7.5V12l3 2M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17z',
  alert: 'M12 8v5m0 3.2v.1M12 3a9 9 0 100 18 9 9 0 000-18z',
} as const;

/** One of those every chat needs, or the drawing itself. */
export type IconName = keyof typeof paths | `M${string}`;

/** A line drawing of 1em; what it means is said beside it or by the button around it. */
export function Icon({ name, flip = false }: { name: IconName; flip?: boolean }) {
  return (
    <svg
      class={`icon${flip ? ' flip' : ''}${name === 'more' ? ' heavy' : ''}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={paths[name as keyof typeof paths] ?? name} />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  disabled?: boolean;
  class?: string;
  /** Points along the line of text, so it turns where that runs from right to left. */
  flip?: boolean;
  expanded?: boolean;
}

/** A button with an icon alone, named for those who do not see it. */
export function IconButton(props: IconButtonProps) {
  const { icon, label, onClick, disabled = false, flip = false, expanded } = props;
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ''}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon name={icon} flip={flip} />
    </button>
  );
}

const hues = [210, 262, 320, 12, 36, 88, 150, 186];

/** The first letter of a name on a colour of its own. */
export function Avatar({ name, id }: { name: string; id: string }) {
  const sum = [...id].reduce((all, letter) => all + letter.charCodeAt(0), 0);
  const letter = [...name.trim()][0] ?? '?';
  return (
    <span class="avatar" style={{ '--hue': hues[sum % hues.length] }} aria-hidden="true">
      {letter.toLocaleUpperCase()}
    </span>
  );
}
