import type { UnixMs } from "../kernel/units.ts";
import { LESSON, SUBJECTS, zoneOf } from "./demo-school.ts";
import type { Stage } from "./demo-stage.ts";
import type { Sent, Telling } from "./demo-telling.ts";
import { BERLIN, dayOf, momentAt, type Term } from "./demo-term.ts";

/** What the scenes of the school have in common: its calendar, and a lesson that is completed. */
export class Lessons {
  readonly stage: Stage;
  readonly term: Term;
  readonly telling: Telling;
  #sent = 0;

  constructor(telling: Telling) {
    this.stage = telling.stage;
    this.term = telling.term;
    this.telling = telling;
  }

  /** A moment of the term by its day, counted from 0, and the time there. */
  at(day: number, time: string, zone = BERLIN): UnixMs {
    return momentAt({ zone, date: dayOf(this.term, day), time });
  }

  /** One lesson, under an id of the school's own. */
  complete(
    userId: string,
    score: number,
    more: { readonly lesson?: string; readonly occurredAt?: string } = {},
  ): Promise<Sent> {
    this.#sent += 1;
    const { lesson = SUBJECTS[this.#sent % SUBJECTS.length], ...rest } = more;
    const properties = { lesson, score };
    return this.telling.send({ id: `lesson-${this.#sent}`, type: LESSON, userId, properties, ...rest });
  }

  async tell(sent: Sent, score: number, rest = ""): Promise<void> {
    await this.telling.lines(this.telling.lineOf(sent, zoneOf(sent.userId), `score ${score}`, rest));
  }

  async completeAndTell(userId: string, score: number, rest = ""): Promise<Sent> {
    const sent = await this.complete(userId, score);
    await this.tell(sent, score, rest);
    return sent;
  }
}
