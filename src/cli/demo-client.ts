import type { JsonObject } from "../kernel/json.ts";

/** A customer's server: knows the address and a key, nothing else. */
export interface DemoClient {
  /** @throws where the answer is not a success */
  call(
    method: string,
    path: string,
    body?: JsonObject,
  ): Promise<{ readonly status: number; readonly body: JsonObject }>;
}

export const createDemoClient = ({ url, key }: { readonly url: string; readonly key: string }): DemoClient => ({
  async call(method, path, body) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as JsonObject) };
  },
});
