import type { Json } from '../entities.ts';
import { ApiError } from '../errors.ts';

/** All interactive parts of a message or modal, at any depth. */
export function leaves(components: Json[]): Json[] {
  return components.flatMap((one) => {
    const inside = [one.components, one.accessory, one.component].flat().filter(Boolean) as Json[];
    return typeof one.custom_id === 'string' ? [one] : leaves(inside);
  });
}

/** The part with this id; 50035 at `custom_id` when the message or modal has none. */
export function leafOf(components: Json[], id: unknown): Json {
  const found = leaves(components).find((one) => one.custom_id === id);
  if (found) return found;
  throw new ApiError(400, 50035, 'Invalid Form Body', {
    data: {
      _errors: [{ code: 'COMPONENT_VALIDATION_FAILED', message: 'Component validation failed' }],
    },
  });
}
