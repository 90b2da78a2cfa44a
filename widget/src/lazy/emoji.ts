import css from './emoji.css';

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Its style comes with it, once for each shadow root. */
function adoptStyle(root: ShadowRoot): void {
  if (root.adoptedStyleSheets.includes(sheet)) return;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

const groups: [tab: string, all: string][] = [
  [
    '🙂',
    '😀 😃 😄 😁 😆 😅 😂 🤣 🙂 🙃 😉 😊 😇 🥰 😍 😘 😋 😜 🤪 🤗 🤭 🤔 🤐 😐 😶 😏 🙄 😬 😌 😔 😴 😷 🤒 🤕 🤢 🥵 🥶 🤯 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😳 🥺 😨 😢 😭 😱 😖 😞 😩 😫 🥱 😤 😡 🤬',
  ],
  [
    '👍',
    '👍 👎 👌 ✌️ 🤞 🤙 👈 👉 👆 👇 ☝️ ✋ 🖐️ 👋 🤝 🙏 💪 👏 🙌 🤲 ✍️ 🤷 🤦 🙋 💁 🙇 👀 🧠 💬 💭 ❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💯',
  ],
  [
    '🐶',
    '🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐨 🐯 🦁 🐮 🐷 🐸 🐵 🐔 🐧 🐦 🦉 🐝 🦋 🐢 🐠 🐬 🐳 🌵 🌲 🌳 🌴 🌱 🌿 🍀 🍁 🌷 🌹 🌻 🌼 ☀️ ⛅ 🌧️ ⛈️ ❄️ 🌈 🔥 💧',
  ],
  [
    '🍕',
    '🍎 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥑 🍅 🥕 🌽 🥐 🍞 🧀 🥚 🍔 🍟 🍕 🌮 🍣 🍜 🍪 🎂 🍰 🍫 🍿 ☕ 🍵 🥤 🍺 🍷 🎉 🎁 🎈 🏆 ⚽ 🏀 🎮 🎵 🎸 🚗 🚲 ✈️ 🏠',
  ],
  [
    '💡',
    '💡 📱 💻 🖨️ 📷 🔋 🔌 🔒 🔑 🔧 🔨 📦 📫 ✉️ 📝 📎 📌 📅 📈 📉 💳 💰 🛒 🧾 ⏰ ⏳ 🔔 🔍 ✅ ❌ ❗ ❓ ⚠️ ⛔ ♻️ ➕ ➖ ⭐ ✨ 🚀 🆗 🆕',
  ],
];

interface EmojiOptions {
  label: string;
  onPick(emoji: string): void;
  onClose(): void;
}

function button(text: string, role: string): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = text;
  element.setAttribute('role', role);
  element.tabIndex = -1;
  return element;
}

/** Arrow keys move the focus among `all`; only one of them is in the tab order. */
function rove(all: HTMLElement[], event: KeyboardEvent, columns: number): void {
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
  };
  const step = steps[event.key];
  if (step === undefined || all.length === 0) return;
  event.preventDefault();
  const at = all.indexOf(event.target as HTMLElement);
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  for (const one of all) one.tabIndex = one === next ? 0 : -1;
  next?.focus();
}

/** Fills `place` with emoji to choose from. @returns what takes them away */
export function showEmoji(
  place: HTMLElement,
  { label, onPick, onClose }: EmojiOptions,
): () => void {
  adoptStyle(place.getRootNode() as ShadowRoot);
  const tabs = document.createElement('div');
  tabs.className = 'emoji-tabs';
  tabs.setAttribute('role', 'tablist');
  tabs.setAttribute('aria-label', label);
  const grid = document.createElement('div');
  grid.className = 'emoji-grid';
  grid.setAttribute('role', 'group');
  const choose = (index: number, focus: boolean) => {
    for (const [at, tab] of [...tabs.children].entries()) {
      tab.setAttribute('aria-selected', String(at === index));
      (tab as HTMLElement).tabIndex = at === index ? 0 : -1;
    }
    grid.setAttribute('aria-label', `${label} ${groups[index]?.[0] ?? ''}`);
    grid.replaceChildren(
      ...(groups[index]?.[1] ?? '').split(' ').map((emoji) => {
        const element = button(emoji, 'button');
        element.removeAttribute('role');
        element.addEventListener('click', () => onPick(emoji));
        return element;
      }),
    );
    const first = grid.firstElementChild as HTMLElement;
    first.tabIndex = 0;
    if (focus) first.focus();
  };
  for (const [index, [face]] of groups.entries()) {
    const tab = button(face, 'tab');
    tab.addEventListener('click', () => choose(index, false));
    tabs.append(tab);
  }
  tabs.addEventListener('keydown', (event) => {
    rove([...tabs.children] as HTMLElement[], event, 1);
    const at = [...tabs.children].indexOf(
      (place.getRootNode() as ShadowRoot).activeElement as Element,
    );
    if (/^Arrow/.test(event.key) && at >= 0) choose(at, false);
  });
  grid.addEventListener('keydown', (event) => {
    const columns = Math.max(1, Math.floor((grid.clientWidth - 8) / 44));
    rove([...grid.children] as HTMLElement[], event, columns);
  });
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };
  place.addEventListener('keydown', onKey);
  place.replaceChildren(tabs, grid);
  choose(0, true);
  return () => {
    place.removeEventListener('keydown', onKey);
    place.replaceChildren();
  };
}
