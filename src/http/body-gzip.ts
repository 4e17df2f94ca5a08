import { gunzip } from "node:zlib";
import { AppError } from "../kernel/errors.ts";
import { readBytes } from "./body.ts";

/** Stops at the limit: what a small body unfolds to beyond it is never made. */
function unfold(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  gunzip(bytes, { maxOutputLength: limit }, (error, unfolded) => {
    if (!error) return resolve(unfolded);
    const isTooLarge = "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    reject(
      isTooLarge
        ? new AppError("payload_too_large", `The body is larger than ${limit} bytes once it is unpacked.`)
        : new AppError("malformed_json", "The body is not the gzip that its Content-Encoding says."),
    );
  });
  return promise;
}

/** The bytes of a body that may be sent as gzip; the limit holds for both forms. */
export async function readUnpackedBytes(request: Request, limit: number): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "gzip" && encoding !== "identity") {
    throw new AppError("unsupported_media_type", "Send the body as it is, or as gzip.");
  }
  const bytes = await readBytes(request, limit);
  return encoding === "gzip" && bytes.length > 0 ? unfold(bytes, limit) : bytes;
}
