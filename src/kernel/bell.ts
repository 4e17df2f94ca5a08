/** Rung by those who leave work, heard by the one who does it; nobody has to know the other. Silent until somebody listens. */
export interface Bell {
  ring(): void;
  listen(listener: () => void): void;
}

export function createBell(): Bell {
  let heard = (): void => {};
  return {
    ring: () => heard(),
    listen(listener) {
      heard = listener;
    },
  };
}
