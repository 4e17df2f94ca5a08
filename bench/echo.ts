// The baseline of ingest: reads the JSON of a request and answers it back. Prints its port.

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => Response.json(await request.json()),
});
process.stdout.write(`${server.port}\n`);

export {};
