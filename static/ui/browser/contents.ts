/** What lies this far below the top is what is being read. */
const READING_LINE_PX = 120;

/** `nav[data-spy]`: marks the link to the part that is being read, and keeps it in sight. */
export function startContents(): void {
  for (const nav of document.querySelectorAll<HTMLElement>("nav[data-spy]")) {
    const parts = [...nav.querySelectorAll<HTMLAnchorElement>('a[href^="#"]')].flatMap((link) => {
      const part = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      return part && part.id !== "main" ? [{ link, part }] : [];
    });
    if (parts.length === 0) continue;
    let here: HTMLAnchorElement | undefined;
    const mark = (): void => {
      const places = parts.map(({ link, part }) => ({ link, top: part.getBoundingClientRect().top }));
      const isEnd = scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
      const above = isEnd ? places : places.filter(({ top }) => top < READING_LINE_PX);
      const link = above.reduce<(typeof places)[number] | undefined>(
        (nearest, place) => (nearest === undefined || place.top >= nearest.top ? place : nearest),
        undefined,
      )?.link;
      if (link === here) return;
      here?.removeAttribute("aria-current");
      here = link;
      link?.setAttribute("aria-current", "true");
      if (link && nav.scrollHeight > nav.clientHeight) {
        const { top, bottom } = link.getBoundingClientRect();
        const frame = nav.getBoundingClientRect();
        if (top < frame.top || bottom > frame.bottom) nav.scrollTop += top - frame.top - frame.height / 3;
      }
    };
    let isAsked = false;
    addEventListener(
      "scroll",
      () => {
        if (isAsked) return;
        isAsked = true;
        requestAnimationFrame(() => {
          isAsked = false;
          mark();
        });
      },
      { passive: true },
    );
    mark();
  }
}
