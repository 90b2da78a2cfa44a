/** A round with the first letter of a name, in a colour of its own. */
export function Avatar({ name, id, bot = false }: { name: string; id: string; bot?: boolean }) {
  let hue = 0;
  for (const letter of id) hue = (hue * 31 + letter.charCodeAt(0)) % 360;
  const style = bot ? {} : { background: `hsl(${hue} 55% 42%)` };
  return (
    <span class={bot ? 'avatar avatar-bot' : 'avatar'} style={style} aria-hidden="true">
      {bot ? 'D' : name.charAt(0).toUpperCase()}
    </span>
  );
}
