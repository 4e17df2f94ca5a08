import { sha256Hex } from "../kernel/crypto.ts";
import { SURFACES } from "./surfaces.ts";

/** Something that is served as it is to everybody: a page, a style sheet, the document. */
export interface Resource {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Made on first use and kept. Undefined where it would save too little. */
  readonly compressed: () => Uint8Array<ArrayBuffer> | undefined;
}

const COMPRESSED_FROM_BYTES = 1024;
const encoder = new TextEncoder();

export function createResource(
  content: string,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): Resource {
  const body = encoder.encode(content);
  let compressed: Uint8Array<ArrayBuffer> | undefined;
  return {
    body,
    contentType,
    etag: sha256Hex(body).slice(0, 20),
    headers,
    compressed() {
      if (body.length < COMPRESSED_FROM_BYTES) return undefined;
      compressed ??= Bun.gzipSync(body, { level: 9 });
      return compressed;
    },
  };
}

const GZIP = /(?:^|,)[ \t]*(?:gzip|\*)[ \t]*(?:;[ \t]*q=(?!0(?:\.0*)?[ \t]*(?:,|$))[\d.]+[ \t]*)?(?:,|$)/i;

/** If-None-Match compares weakly: what follows the hyphen only names the encoding. */
const isKnown = (request: Request, etag: string): boolean =>
  (request.headers.get("if-none-match") ?? "")
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .some((tag) => tag === "*" || tag === `"${etag}"` || tag === `"${etag}-gzip"`);

/** Answers GET and HEAD with what the caller does not have yet. */
export function serveResource(request: Request, resource: Resource): Response {
  const compressed = GZIP.test(request.headers.get("accept-encoding") ?? "") ? resource.compressed() : undefined;
  const headers: Record<string, string> = {
    ...resource.headers,
    etag: `"${resource.etag}${compressed ? "-gzip" : ""}"`,
    vary: "accept-encoding",
  };
  if (isKnown(request, resource.etag)) return new Response(null, { status: 304, headers });
  headers["content-type"] = resource.contentType;
  if (compressed) headers["content-encoding"] = "gzip";
  const body = compressed ?? resource.body;
  // The server leaves the body of a HEAD away and keeps its length.
  return new Response(body, { headers });
}

export const PAGE = SURFACES.page;
export const FORM_PAGE = SURFACES.form;

export const HTML_TYPE = "text/html; charset=utf-8";
