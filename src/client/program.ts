/** What the program is made of: rules as data. Everything but the time zone may be left out. */
export interface Program {
  readonly timezone: string;
  readonly weekStartsOn?: "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";
  readonly eventTypes?: Readonly<Record<string, ProgramEventType>>;
  readonly currencies?: Readonly<Record<string, Currency>>;
  readonly rules?: Readonly<Record<string, Rule>>;
  readonly tracks?: Readonly<Record<string, Track>>;
  readonly streaks?: Readonly<Record<string, Streak>>;
  readonly badges?: Readonly<Record<string, Badge>>;
  readonly leaderboards?: Readonly<Record<string, Leaderboard>>;
  readonly rewards?: Readonly<Record<string, Reward>>;
}

interface Described {
  readonly title?: string;
  readonly description?: string;
}

export interface ProgramEventType {
  /** JSON Schema 2020-12 of `properties`. */
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly description?: string;
  readonly clientSafe?: boolean;
  /** Whether the event itself goes out to webhooks. */
  readonly forward?: boolean;
}

export interface Currency extends Described {
  readonly kind: "spendable" | "progress";
  readonly expiresAfter?: string;
}

export interface Rule extends Described {
  /** An event type, or an effect such as `level.changed`. */
  readonly on: string;
  /** CEL. */
  readonly when?: string;
  readonly then: readonly Consequence[];
  readonly limits?: readonly Limit[];
}

export type Consequence =
  | { readonly credit: string; readonly amount: number | string; readonly key?: string }
  | { readonly debit: string; readonly amount: number | string; readonly key?: string }
  | { readonly award: string; readonly key?: string };

interface LimitScope {
  readonly per: "member" | "everyone";
  readonly every: "day" | "week" | "month" | "ever";
}
export type Limit =
  | (LimitScope & { readonly times: number })
  | (LimitScope & { readonly credits: number; readonly currency?: string });

export interface Track extends Described {
  readonly over: string;
  readonly rungs: readonly (Described & { readonly key: string; readonly at: number })[];
}

export interface Streak extends Described {
  readonly on: string;
  readonly when?: string;
  readonly every: "day" | "week";
  readonly milestones?: readonly number[];
  readonly freezes?: { readonly max: number; readonly earnEvery?: number };
  readonly grace?: string;
}

export interface Badge {
  readonly title: string;
  readonly description?: string;
  readonly when?: string;
  readonly award?: "automatic" | "manual";
}

export interface Leaderboard extends Described {
  readonly over: string;
  readonly window: "all" | "month" | "week" | "day";
  readonly ties?: "shared" | "dense" | "first";
}

export interface Reward {
  readonly title: string;
  readonly description?: string;
  readonly price: Readonly<Record<string, number>>;
  readonly stock?: number;
  readonly perMember?: number;
}

export interface ProgramVersion {
  readonly id: string;
  readonly version: number;
  /** Equal checksums, equal programs. */
  readonly checksum: string;
  readonly note: string | null;
  readonly publishedBy: string;
  readonly publishedAt: string;
}

export interface PublishedProgram extends ProgramVersion {
  readonly program: Program;
}

export interface Publication extends ProgramVersion {
  /** What was published already: there is no new number. */
  readonly unchanged: boolean;
}

export interface ProgramCheck {
  readonly valid: boolean;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly checksum?: string;
  /** What publishing it would change. */
  readonly difference?: ProgramDifference;
}

/** One field that is not as it was; absent where it was not there, or is no more. */
export interface FieldChange {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface ProgramChange {
  /** `rules`; empty for what stands at the top itself. */
  readonly section: string;
  readonly key: string;
  readonly change: "added" | "changed" | "removed" | "reordered";
  readonly fields: readonly FieldChange[];
  /** Members who have to do with it, where that was asked for. */
  readonly members?: number;
}

export interface ProgramDifference {
  readonly published: Omit<ProgramVersion, "id"> | null;
  /** For `ifMatch` when it is published: 412 where another was published since. */
  readonly tag: string;
  readonly unchanged: boolean;
  readonly replacedDraft: { readonly updatedBy: string; readonly updatedAt: string } | null;
  readonly changes: readonly ProgramChange[];
}

export interface NewPublication {
  readonly note?: string;
  /** In place of the draft, which it becomes. */
  readonly program?: Program;
}
