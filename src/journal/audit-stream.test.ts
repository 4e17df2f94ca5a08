import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tests/support/clock.ts";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import { createMetrics } from "../kernel/metrics.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { MINUTE, SECOND } from "../kernel/units.ts";
import { signNewHeads } from "./audit-checkpoint.ts";
import { createAuditKeeper } from "./audit-keeper.ts";
import { type AuditSink, AuditStream } from "./audit-stream.ts";
import { createFileSink } from "./audit-stream-file.ts";
import { verifyAudit } from "./audit-verify.ts";
import { mutate } from "./mutate.ts";

let context: TestContext;
let principal: KeyPrincipal;
let file: string;
beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
  file = join(context.directory, "audit.jsonl");
});
afterEach(() => context.close());

const leave = (...targets: readonly string[]) =>
  mutate(context, principal, async () => ({
    result: undefined,
    audit: targets.map((target) => ({
      workspaceId: principal.workspaceId,
      action: "thing.changed",
      target,
      after: { target },
    })),
    announce: [],
    jobs: [],
  }));
const linesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const written = () => (existsSync(file) ? linesOf(readFileSync(file, "utf8")) : []);
const targets = (lines = written()) => lines.map(({ target }) => target);

/** The next timer is set when the work of the one before has ended, in real time. */
const goOnUntil = (expectation: () => void): Promise<void> =>
  eventually(async () => {
    await context.clock.advance(MINUTE);
    expectation();
  });

/** Keeps what it is given, and fails as often as it is told to. */
class FakeSink implements AuditSink {
  readonly name = "fake";
  text = "";
  failures = 0;
  async write(lines: string): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("disk full");
    }
    this.text += lines;
  }
}

describe("the audit stream", () => {
  test("has each entry after its commit, in the order of its chain, as the API shows it", async () => {
    const sink = new FakeSink();
    const stream = new AuditStream(context, sink);
    stream.start();
    await leave("a", "b");
    await goOnUntil(() => expect(linesOf(sink.text)).toHaveLength(2));
    expect(linesOf(sink.text)[0]).toEqual({
      id: expect.stringMatching(/^aud_/),
      workspaceId: principal.workspaceId,
      sequence: 1,
      at: "2026-11-20T18:04:00.000Z",
      environmentId: null,
      actor: principal.keyId,
      asWhom: null,
      action: "thing.changed",
      target: "a",
      requestId: principal.request.id,
      address: null,
      before: null,
      after: { target: "a" },
      details: null,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(targets(linesOf(sink.text))).toEqual(["a", "b"]);
    await stream.stop();
  });

  test("has nothing of a change that was taken back", async () => {
    const sink = new FakeSink();
    const stream = new AuditStream(context, sink);
    const failing = mutate(context, principal, async () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await leave("a");
    await stream.wake();
    expect(targets(linesOf(sink.text))).toEqual(["a"]);
  });

  test("has the checkpoints too, and they prove a cut tail", async () => {
    const stream = new AuditStream(context, createFileSink(file));
    await leave("a", "b", "c");
    await signNewHeads(context);
    await stream.wake();
    const [checkpoint] = written().filter(({ kind }) => kind === "hatch.audit.checkpoint");
    expect(checkpoint).toMatchObject({ number: 1, heads: [{ workspaceId: principal.workspaceId, sequence: 3 }] });
    await context.database.write(async (writer) => {
      await writer.run("DELETE FROM audit_entries WHERE sequence > 1");
      await writer.run("UPDATE audit_heads SET sequence = 1, digest = (SELECT digest FROM audit_entries)");
      await writer.run("DELETE FROM audit_checkpoints");
      await writer.run("DELETE FROM audit_marks");
    });
    const lines = (async function* () {
      yield* readFileSync(file, "utf8").split("\n");
    })();
    const { faults } = await context.database.read((reader) =>
      verifyAudit(context, reader, [{ name: "audit.jsonl", lines }]),
    );
    expect(faults.map(({ kind, sequence }) => [kind, sequence])).toEqual([
      ["tail_cut", 2],
      ["checkpoint", 1],
    ]);
  });

  test("counts and tells what fails, tries again later and later, and then nothing is missing", async () => {
    const sink = new FakeSink();
    sink.failures = 3;
    const stream = new AuditStream(context, sink);
    stream.start();
    await leave("a");
    await context.clock.advance(SECOND);
    await leave("b");
    await goOnUntil(() => expect(targets(linesOf(sink.text))).toEqual(["a", "b"]));
    expect(context.logged.filter((line) => line.includes("held up")).map((line) => JSON.parse(line).failures)).toEqual([
      1, 2,
    ]);
    await eventually(() => expect(context.logged.at(-1)).toContain("the audit stream goes on"));
    expect(await context.metrics.render()).toContain("hatch_audit_stream_failures_total 3");
    await stream.stop();
  });

  test("goes on at the next start where the last one ended, without a gap", async () => {
    const first = new AuditStream(context, createFileSink(file));
    await leave("a");
    await first.wake();
    await first.stop();
    await leave("b", "c");
    const second = new AuditStream({ ...context, metrics: createMetrics() }, createFileSink(file));
    await second.wake();
    expect(targets()).toEqual(["a", "b", "c"]);
  });

  test("repeats what was written but not yet noted: at least once, and each line has its id", async () => {
    const sink = new FakeSink();
    let away = false;
    const write: typeof context.database.write = (change) =>
      away ? Promise.reject(new Error("away")) : context.database.write(change);
    const stream = new AuditStream({ ...context, database: { ...context.database, write } }, sink);
    await leave("a");
    away = true;
    await stream.wake();
    away = false;
    await stream.wake();
    const lines = linesOf(sink.text);
    expect(targets(lines)).toEqual(["a", "a"]);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(1);
  });

  test("is not held up by a chain with a hole", async () => {
    const stream = new AuditStream(context, createFileSink(file));
    await leave("a", "b", "c");
    await context.database.write((writer) => writer.run("DELETE FROM audit_entries WHERE sequence > 1"));
    await stream.wake();
    await leave("d");
    await stream.wake();
    expect(targets()).toEqual(["a", "d"]);
  });

  test("tells how much waits", async () => {
    const stream = new AuditStream(context, createFileSink(file));
    await leave("a", "b");
    expect(await context.metrics.render()).toContain("hatch_audit_stream_waiting 2");
    await stream.wake();
    expect(await context.metrics.render()).toContain("hatch_audit_stream_waiting 0");
  });
});

describe("the stream's file", () => {
  test("is for its owner only, and one that is there is gone on with", async () => {
    const sink = createFileSink(file);
    await sink.write('{"n":1}\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o640);
    await sink.write('{"n":2}\n');
    expect([written(), statSync(file).mode & 0o777]).toEqual([[{ n: 1 }, { n: 2 }], 0o640]);
  });

  test("may be moved away at any time: the next line begins another", async () => {
    const sink = createFileSink(file);
    await sink.write('{"n":1}\n');
    renameSync(file, `${file}.1`);
    await sink.write('{"n":2}\n');
    expect([linesOf(readFileSync(`${file}.1`, "utf8")), written()]).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    rmSync(file);
    await sink.write('{"n":3}\n');
    expect(written()).toEqual([{ n: 3 }]);
  });

  test("has a line that was cut off ended before the next one", async () => {
    const sink = createFileSink(file);
    await sink.write('{"n":1}\n');
    appendFileSync(file, '{"n":2,"to');
    await sink.write('{"n":2}\n');
    expect(readFileSync(file, "utf8").split("\n")).toEqual(['{"n":1}', '{"n":2,"to', '{"n":2}', ""]);
  });

  test("must be one: a folder, a pipe that nobody reads and a place that is not there are refused at once", async () => {
    mkdirSync(file);
    await expect(createFileSink(file).write("x\n")).rejects.toThrow();
    const pipe = join(context.directory, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    await expect(createFileSink(pipe).write("x\n")).rejects.toThrow("not a regular file");
    await expect(createFileSink(join(context.directory, "none", "audit.jsonl")).write("x\n")).rejects.toThrow("ENOENT");
  });
});

describe("the keeper of the log", () => {
  const keeperFor = (audit: Partial<TestContext["config"]["audit"]>, stdout?: AuditSink) =>
    createAuditKeeper(
      {
        ...context,
        metrics: createMetrics(),
        config: { ...context.config, audit: { ...context.config.audit, ...audit } },
      },
      stdout,
    );

  test("signs the end of the log before it stops, and gives the stream the rest of it", async () => {
    const keeper = keeperFor({ streamFile: file });
    await keeper.start();
    await leave("a");
    await keeper.stop();
    await keeper.stop();
    expect(written().map(({ kind, target }) => kind ?? target)).toEqual(["a", "hatch.audit.checkpoint"]);
  });

  test("streams to stdout only where that was asked for", async () => {
    const sink = new FakeSink();
    const silent = keeperFor({}, sink);
    await silent.start();
    await leave("a");
    await silent.stop();
    expect(sink.text).toBe("");
    const keeper = keeperFor({ streamTo: "stdout" }, sink);
    await keeper.start();
    await keeper.stop();
    expect(linesOf(sink.text)).toHaveLength(2);
  });

  test("leaves the stream to the next start where it was never begun: a command prints its own result", async () => {
    const sink = new FakeSink();
    const keeper = keeperFor({ streamTo: "stdout" }, sink);
    await leave("a");
    await keeper.stop();
    expect(sink.text).toBe("");
    const { checkpoints } = await context.database.read((reader) => verifyAudit(context, reader));
    expect(checkpoints.count).toBe(1);
  });

  test("does not fail the end of everything where the database is away", async () => {
    await leave("a");
    const write: typeof context.database.write = () => Promise.reject(new Error("away"));
    const keeper = createAuditKeeper({ ...context, database: { ...context.database, write } }, undefined);
    await keeper.stop();
    expect(context.logged.at(-1)).toContain("the audit log's end was not signed");
  });
});
