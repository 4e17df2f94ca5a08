import { expect, test } from "bun:test";
import { createTestContext, createTestWorkspace } from "../../../tests/support/context.ts";
import { withFaults } from "../../../tests/support/faults.ts";
import { createTestProgression, publishProgram } from "../../../tests/support/progression.ts";
import { sha256 } from "../../kernel/crypto.ts";
import type { InputDraft } from "../progression/index.ts";
import { createIngest } from "./ingest.ts";

const draft = (id: string, userId: string, score: number): InputDraft => ({
  kind: "event",
  id,
  namespace: "server",
  type: "lesson",
  userId,
  occurredAt: undefined,
  properties: { score },
  backfill: false,
  contentHash: sha256(`${id} ${userId} ${score}`),
  forward: true,
  actor: "key",
  requestId: "req",
  traceparent: undefined,
});

test("whichever statement fails, an acknowledged event is there once, a refused one can be sent again, and the ledger agrees", async () => {
  const context = await createTestContext();
  const workspace = await createTestWorkspace(context);
  const database = withFaults(context.database);
  const faulty = {
    ...context,
    database,
    fanOut: { wants: async () => true, expand: async () => {} },
  };
  const progression = createTestProgression(faulty);
  await publishProgram(progression, workspace.principal("test"));
  const ingest = createIngest(faulty, progression.recorder);

  let sent = 0;
  let strikes = 0;
  for (let statement = 1; ; statement++) {
    database.strikeAt(statement);
    const group = ["a", "b", "a"].map((userId, index) => draft(`e-${statement}-${index}`, userId, 60 + index));
    const submit = () => Promise.allSettled(group.map((one) => ingest.submit(workspace.test, one)));
    const first = await submit();
    const again = await submit();
    sent += group.length;
    for (const [index, result] of again.entries()) {
      if (result.status === "rejected") throw result.reason;
      const acknowledged = first[index]?.status === "fulfilled";
      expect(result.value.kind).toBe(acknowledged ? "duplicate" : "accepted");
    }
    if (!database.struck()) break;
    strikes += 1;
  }
  expect(strikes).toBeGreaterThan(6);

  await context.database.read(async (reader) => {
    const one = async (sql: string) => (await reader.get<{ n: number }>(sql))?.n;
    expect(await one("SELECT COUNT(*) AS n FROM inputs")).toBe(sent);
    expect(await one("SELECT MAX(sequence) AS n FROM inputs")).toBe(sent);
    expect(await one("SELECT COUNT(*) AS n FROM ledger_transfers")).toBe(sent);
    // Each event forwards itself and earns points; the program was published once.
    expect(await one("SELECT COUNT(*) AS n FROM outbound_events")).toBe(sent * 2 + 1);
    const ledger = await one("SELECT SUM(amount) AS n FROM ledger_transfers");
    const states = await reader.all<{ state: string }>("SELECT state FROM members");
    const held = states.map(({ state }) => JSON.parse(state).balances.xp.available as number);
    expect(held.reduce((sum, balance) => sum + balance, 0)).toBe(ledger ?? -1);
  });
  await context.close();
});
