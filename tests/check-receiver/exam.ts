import { expect } from "bun:test";
import { runHere } from "../support/command-line.ts";
import { type Got, type Receive, startReceive } from "./receivers.ts";

export const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
export const KEY = Buffer.alloc(32, 9);

interface Answer {
  readonly status?: number;
  readonly error?: string;
  readonly location?: string;
  readonly body?: string;
}
export interface Checked {
  readonly id: string;
  readonly grade: string;
  readonly sent: string;
  readonly expected: string;
  readonly answers: readonly Answer[];
  readonly mistakes: readonly { readonly id: string; readonly what: string; readonly guide: string }[];
  readonly remark?: string;
}
interface Report {
  readonly ok: boolean;
  readonly url: string;
  readonly decides: string | null;
  readonly checks: readonly Checked[];
  readonly mistakes: Checked["mistakes"];
}

export interface Exam {
  readonly exit: number;
  readonly report: Report;
  readonly got: readonly Got[];
  /** Ids of the checks of a grade. */
  graded(grade: string): readonly string[];
  check(id: string): Checked;
}

export async function examineAt(url: string, args: readonly string[] = [], got: readonly Got[] = []): Promise<Exam> {
  const { exit, out, error } = await runHere(["check-receiver", url, "--secret", SECRET, "--json", ...args]);
  expect(error).toBe("");
  const report = JSON.parse(out) as Report;
  return {
    ...{ exit, report, got },
    graded: (grade) => report.checks.filter((check) => check.grade === grade).map(({ id }) => id),
    check: (id) => report.checks.find((check) => check.id === id) as Checked,
  };
}

export async function examine(receive: Receive, ...args: readonly string[]): Promise<Exam> {
  const receiver = startReceive(receive);
  try {
    return await examineAt(receiver.url, args, receiver.got);
  } finally {
    await receiver.stop();
  }
}

export const statuses = ({ answers }: Checked): readonly (number | undefined)[] => answers.map(({ status }) => status);
