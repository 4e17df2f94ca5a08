/** Lets so many in at once; the others wait in order. */
export interface Gate {
  /** Undefined where there is room: nothing to wait for. */
  enter(): Promise<void> | undefined;
  leave(): void;
}

export function createGate(room: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    enter() {
      if (inside < room) {
        inside += 1;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave() {
      const next = waiting.shift();
      if (next) next();
      else inside -= 1;
    },
  };
}
