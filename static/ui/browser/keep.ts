/** What a reader chose, in their own browser. Where they forbid it, it lasts as long as the page. */
export function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`hatch-${name}`);
    else localStorage.setItem(`hatch-${name}`, value);
  } catch {
    // Nothing is lost but the memory of it.
  }
}

export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(`hatch-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}
