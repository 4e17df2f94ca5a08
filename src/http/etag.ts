/** How an entity tag is written in a header. */
export const tagOf = (text: string): string => `"${text}"`;

/** Entity tags of `If-Match` and `If-None-Match`, without their quotes; a weak one names the same. */
export function tagsOf(request: Request, header: "if-match" | "if-none-match"): readonly string[] | undefined {
  const text = request.headers.get(header);
  if (text === null) return undefined;
  return text.split(",").map((tag) =>
    tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
}

/** Whether the caller has what is tagged so. */
export const isKnown = (request: Request, tag: string): boolean =>
  tagsOf(request, "if-none-match")?.some((known) => known === "*" || known === tag) ?? false;

/** Why the answer has no body: the caller has it. */
export const unchanged = (tag: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(null, { status: 304, headers: { ...headers, etag: tagOf(tag) } });
