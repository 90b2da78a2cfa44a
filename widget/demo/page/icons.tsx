const paths = {
  back: 'M15 5l-7 7 7 7',
  send: 'M4 12l16-8-6 16-3-6-7-2z',
  clip: 'M8 12l6-6a3 3 0 014 4l-8 8a5 5 0 01-7-7l8-8',
  reply: 'M9 7l-5 5 5 5M4 12h10a6 6 0 016 6v1',
  edit: 'M4 20l4-1L19 8l-3-3L5 16l-1 4z',
  trash: 'M5 7h14M9 7V4h6v3m-8 0l1 13h8l1-13',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  chat: 'M4 5h16v11H9l-5 4V5z',
  file: 'M6 3h8l4 4v14H6V3zm8 0v4h4',
  check: 'M5 13l4 4L19 7',
  clock: 'M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18z',
  alert: 'M12 8v5m0 3v.5M12 3l9.5 17h-19L12 3z',
} as const;

export type IconName = keyof typeof paths;

/** A line drawing of 1em; what it means is said beside it or by the button around it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** A button with an icon alone, named for those who do not see it. */
export function IconButton(props: {
  icon: IconName;
  label: string;
  onClick: () => void;
  disabled?: boolean;
}) {
  const { icon, label, onClick, disabled = false } = props;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
