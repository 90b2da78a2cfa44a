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
  const quick = items.filter(({ icon }) => !icon);
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
  const forward = desk.words.direction === 'rtl' ? -1 : 1;
  const close = (focus = true) => {
    desk.layers.menu = undefined;
    desk.tell();
    if (focus) anchor.focus();
  };
  const move = (step: number, isAcross: boolean) => {
    const all = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = all.indexOf(rootOf(all[0] as Element).activeElement as HTMLButtonElement);
    const isQuick = at < quick.length;
    // Along the emoji one by one, from them to the others and back as from one line to the next.
    let next = at + step;
    if (isQuick && !isAcross) next = step > 0 ? quick.length : -1;
    else if (!isQuick && !isAcross && next < quick.length) next = 0;
    all[(next + all.length) % all.length]?.focus();
  };
  const choose = ({ onSelect }: MenuItem) => {
    close();
    onSelect();
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
          else if (event.key === 'ArrowDown') move(1, false);
          else if (event.key === 'ArrowUp') move(-1, false);
          else if (event.key === 'ArrowRight') move(forward, true);
          else if (event.key === 'ArrowLeft') move(-forward, true);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {quick.length > 0 && (
          // biome-ignore lint/a11y/useSemanticElements: a menu has no fieldsets
          <div class="quick" role="group" aria-label={desk.words.say('react')}>
            {quick.map((item) => (
              <button
                key={item.label}
                type="button"
                role="menuitemcheckbox"
                aria-checked={item.checked ?? false}
                onClick={() => choose(item)}
              >
                {item.label}
              </button>
            ))}
          </div>
        )}
        {items.map((item) => {
          const { icon, label: text, checked, danger } = item;
          return (
            icon && (
              <button
                key={text}
                type="button"
                {...(checked === undefined
                  ? { role: 'menuitem' }
                  : { role: 'menuitemcheckbox', 'aria-checked': checked })}
                class={danger ? 'danger' : ''}
                onClick={() => choose(item)}
              >
                <Icon name={icon} />
                <span>{text}</span>
                {checked !== undefined && (
                  <span class="switch" data-on={checked} aria-hidden="true" />
                )}
              </button>
            )
          );
        })}
      </div>
    </>
  );
}
