/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import type { PageScript } from "../../../../static/bundle.ts";
import { Button } from "../../../../static/ui/button.tsx";
import { Mark } from "../../../../static/ui/mark.tsx";
import { type RailGroup, Shell } from "../../../../static/ui/shell.tsx";
import { ThemeSwitch } from "../../../../static/ui/theme-switch.tsx";
import { renderPage } from "../../../http/site-page.tsx";
import type { Visit } from "./visit.ts";

export interface NarrowPage {
  readonly title: string;
  /** Where it is another one than the title. */
  readonly heading?: string;
  readonly text: ComponentChildren;
  readonly script?: PageScript;
  readonly children?: ComponentChildren;
}

/** A page for whoever is not signed in, or can do one thing only. */
export const renderNarrow = ({ title, heading = title, text, script, children }: NarrowPage): Promise<string> =>
  renderPage({
    title: `${title} · Hatch`,
    description: "Signing in to an installation of Hatch.",
    styles: ["setup.css", "people.css"],
    ...(script === undefined ? {} : { script }),
    body: (
      <main id="main" class="narrow" tabIndex={-1}>
        <header>
          <a class="home" href="/" aria-label="Hatch, the start page">
            <Mark size={44} />
          </a>
          <h1>{heading}</h1>
          <p>{text}</p>
        </header>
        {children}
      </main>
    ),
  });

/** What a form sends that needs nothing but a press. */
export const PressForm = ({
  action,
  csrf,
  label,
  fields = {},
  kind,
  isSmall,
}: {
  readonly action: string;
  readonly csrf: string;
  readonly label: ComponentChildren;
  readonly fields?: Readonly<Record<string, string>>;
  readonly kind?: "plain" | "primary" | "quiet" | "danger";
  readonly isSmall?: boolean;
}) => (
  <form class="press" method="post" action={action} data-once="">
    <input type="hidden" name="csrf" value={csrf} />
    {Object.entries(fields).map(([name, value]) => (
      <input key={name} type="hidden" name={name} value={value} />
    ))}
    <Button type="submit" kind={kind} isSmall={isSmall}>
      {label}
    </Button>
  </form>
);

/** Tells a password manager whose password it is, where the page has no field for it. */
export const WhosePassword = ({ email }: { readonly email: string }) => (
  <input
    class="unseen"
    type="text"
    name="username"
    autocomplete="username"
    value={email}
    readOnly
    tabIndex={-1}
    aria-hidden="true"
  />
);

export type Place = "start" | "me" | "accounts" | undefined;

function railOf({ isOperator, session }: Visit, here: Place): readonly RailGroup[] {
  return [
    {
      items: [
        { label: "Start", href: "/", icon: "home", isHere: here === "start" },
        {
          label: session.acting ? "Their account" : "Your account",
          href: "/me",
          icon: "person",
          isHere: here === "me",
        },
      ],
    },
    ...(isOperator
      ? [
          {
            name: "Installation",
            items: [
              { label: "Accounts", href: "/operator/accounts", icon: "people", isHere: here === "accounts" } as const,
              { label: "Delivery status", href: "/admin/stats", icon: "activity" } as const,
            ],
          },
        ]
      : []),
    {
      name: "Learn",
      items: [
        { label: "Guides", href: "/docs/guides", icon: "book" },
        { label: "API reference", href: "/docs", icon: "document" },
      ],
    },
  ];
}

const Foot = ({ email, csrf }: Visit) => (
  <>
    <p class="whoami" title={email}>
      <span class="unseen">Signed in as </span>
      {email}
    </p>
    <PressForm action="/sign-out" csrf={csrf} label="Sign out" isSmall />
    <ThemeSwitch />
  </>
);

export interface SignedInPage {
  readonly visit: Visit;
  readonly title: string;
  readonly here: Place;
  readonly children: ComponentChildren;
}

/** A page for whoever is signed in. */
export const renderSignedIn = ({ visit, title, here, children }: SignedInPage): Promise<string> =>
  renderPage({
    title: `${title} · Hatch`,
    description: "An installation of Hatch, for whoever is signed in.",
    styles: ["work.css", "people.css"],
    body: <Shell rail={{ groups: railOf(visit, here), foot: <Foot {...visit} /> }}>{children}</Shell>,
  });
