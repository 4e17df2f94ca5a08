// Answers 204 and counts: arrivals, different deliveries among them, and when the first and the last came. Prints its port.

let arrivals = 0;
let seen = new Set<string>();
let [firstAt, lastAt] = [0, 0];

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    if (request.method === "GET") {
      return Response.json({ arrivals, distinct: seen.size, firstAt, lastAt });
    }
    if (request.method === "DELETE") {
      [arrivals, firstAt, lastAt] = [0, 0, 0];
      seen = new Set();
      return new Response(null, { status: 204 });
    }
    lastAt = performance.now();
    if (arrivals === 0) firstAt = lastAt;
    arrivals++;
    seen.add(request.headers.get("x-hatch-delivery") ?? "");
    await request.arrayBuffer();
    return new Response(null, { status: 204 });
  },
});
process.stdout.write(`${server.port}\n`);

export {};
