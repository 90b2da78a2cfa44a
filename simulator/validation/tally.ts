import type { FieldErrors } from './field-errors.ts';

/** Rules that hold over all components of one message or modal: unique ids, and how many there are. */
export class Tally {
  private readonly ids = new Set<string>();
  count = 0;

  take(id: string, errors: FieldErrors): void {
    if (this.ids.has(id)) {
      errors
        .at('custom_id')
        .add('COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated');
    }
    this.ids.add(id);
  }
}
