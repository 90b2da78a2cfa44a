import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Desk } from '../chat/desk.ts';
import { Icon } from '../chat/icons.tsx';
import type { MenuItem } from '../chat/layers.ts';

const rootOf = (element: Element) => element.getRootNode() as ShadowRoot;

/** The choices of a button; Escape and a click beside it close it, and the focus goes back. */
export function Menu({
  desk,
  menu,
}: {
  desk: Desk;
  menu: { anchor: HTMLElement; items: MenuItem[] };
}) {
  const { anchor, items } = menu;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = list.current;
    const panel = element?.parentElement;
    if (!element || !panel) return;
    const [box, button] = [panel.getBoundingClientRect(), anchor.getBoundingClientRect()];
    const { offsetWidth: width, offsetHeight: height } = element;
    const below = button.bottom - box.top + 4;
    const top = below + height > box.height - 8 ? button.top - box.top - height - 4 : below;
    const left =
      button.left -
      box.left +
      (button.left + button.width / 2 > box.left + box.width / 2 ? button.width - width : 0);
    element.style.top = `${Math.max(8, Math.min(top, box.height - height - 8))}px`;
    element.style.left = `${Math.max(8, Math.min(left, box.width - width - 8))}px`;
    element.querySelector('button')?.focus();
  }, [anchor]);
  const close = (focus = true) => {
    desk.layers.menu = undefined;
    desk.tell();
    if (focus) anchor.focus();
  };
  const move = (step: number) => {
    const all = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = all.indexOf(rootOf(all[0] as Element).activeElement as HTMLButtonElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <>
      <div class="veil" onPointerDown={() => close()} />
      <div
        ref={list}
        class="menu"
        role="menu"
        aria-label={anchor.getAttribute('aria-label') ?? ''}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === 'Escape' || event.key === 'Tab') close();
          else if (event.key === 'ArrowDown') move(1);
          else if (event.key === 'ArrowUp') move(-1);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {items.map(({ icon, label: text, onSelect, checked, danger }) => (
          <button
            key={text}
            type="button"
            {...(checked === undefined
              ? { role: 'menuitem' }
              : { role: 'menuitemcheckbox', 'aria-checked': checked })}
            class={danger ? 'danger' : ''}
            onClick={() => {
              close();
              onSelect();
            }}
          >
            <Icon name={icon} />
            <span>{text}</span>
            {checked !== undefined && <span class="switch" data-on={checked} aria-hidden="true" />}
          </button>
        ))}
      </div>
    </>
  );
}
