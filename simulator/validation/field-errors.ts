/** Errors found so far, in a tree shaped like the body. */
export class FieldErrors {
  readonly strict: boolean;
  private readonly own: { code: string; message: string }[] = [];
  private readonly children = new Map<string, FieldErrors>();

  /** `strict` refuses fields no schema names; Discord ignores them. */
  constructor(strict = false) {
    this.strict = strict;
  }

  at(key: string | number): FieldErrors {
    let child = this.children.get(String(key));
    if (!child) {
      child = new FieldErrors(this.strict);
      this.children.set(String(key), child);
    }
    return child;
  }

  add(code: string, message: string): void {
    this.own.push({ code, message });
  }

  get failed(): boolean {
    return this.own.length > 0 || [...this.children.values()].some((child) => child.failed);
  }

  toJSON(): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [key, child] of this.children) if (child.failed) out[key] = child.toJSON();
    if (this.own.length > 0) out._errors = this.own;
    return out;
  }
}
