// Answers 204 to every delivery and counts them; `GET /` says how many. Prints its port.

let count = 0;
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    if (request.method === "GET") return new Response(`${count}`);
    await request.arrayBuffer();
    count++;
    return new Response(null, { status: 204 });
  },
});
process.stdout.write(`${server.port}\n`);

export {};
