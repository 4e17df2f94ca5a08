/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons.tsx";
import { RelativeTime } from "./relative-time.tsx";

export type NoticeTone = "plain" | "ok" | "warn" | "bad";

const ICONS: Readonly<Record<NoticeTone, IconName>> = { plain: "info", ok: "check", warn: "alert", bad: "fault" };

export interface NoticeProps {
  readonly tone?: NoticeTone;
  readonly title: ComponentChildren;
  /** The cause and the next step. */
  readonly children?: ComponentChildren;
  /** Read out at once: what came back from the reader's own act. */
  readonly isAlert?: boolean;
}

export const Notice = ({ tone = "plain", title, children, isAlert = false }: NoticeProps) => (
  <div class={tone === "plain" ? "notice" : `notice notice-${tone}`} role={isAlert ? "alert" : undefined}>
    <Icon name={ICONS[tone]} />
    <div>
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  </div>
);

interface BannerProps {
  /** `yolk` while somebody acts as another; `warn` for what the operator should change. */
  readonly tone: "yolk" | "warn" | "bad";
  /** Names it among the landmarks of the page. */
  readonly label: string;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
  readonly action?: ComponentChildren;
}

/** Across the whole page, above everything, for as long as it is true. It can't be waved away. */
const Banner = ({ tone, label, icon = "alert", children, action }: BannerProps) => (
  <aside class={`banner banner-${tone}`} aria-label={label}>
    <Icon name={icon} />
    <p>{children}</p>
    {action}
  </aside>
);

export interface ImpersonationBannerProps {
  /** Who they are, and who they act as. */
  readonly operator: string;
  readonly person: string;
  readonly readOnly: boolean;
  readonly endsAt: number;
  readonly now: number;
  /** Stays as of then: in a sample. */
  readonly isStill?: boolean;
  /** The form that ends it. */
  readonly end: ComponentChildren;
}

export const ImpersonationBanner = ({
  operator,
  person,
  readOnly,
  endsAt,
  now,
  isStill,
  end,
}: ImpersonationBannerProps) => (
  <Banner tone="yolk" label="Acting as another" icon="eye" action={end}>
    <strong>
      {operator} acts as {person}
    </strong>{" "}
    and {readOnly ? "may only look" : "may change what they may change"}. It ends{" "}
    <RelativeTime at={endsAt} now={now} isStill={isStill} />, and each act is written into the audit under both names.
  </Banner>
);

export const InsecureCookiesBanner = () => (
  <Banner tone="warn" label="Without encryption">
    <strong>This page came without encryption.</strong> Sign-in is allowed all the same, by the setting{" "}
    <code>http.allowInsecureCookies</code>. Put https in front and take the setting away.
  </Banner>
);
