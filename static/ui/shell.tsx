/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Count } from "./chip.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { Brand } from "./mark.tsx";

export interface RailItem {
  readonly label: string;
  readonly href: string;
  readonly icon: IconName;
  readonly isHere?: boolean;
  /** How many things need a person; nothing where it is 0. */
  readonly needs?: { readonly value: number; readonly label: string };
}

/** What people do, in groups; the first group has no name. */
export interface RailGroup {
  readonly name?: string;
  readonly items: readonly RailItem[];
}

export interface RailProps {
  readonly groups: readonly RailGroup[];
  readonly label?: string;
  readonly brand?: string;
  /** At the foot: who is signed in, the colour scheme. */
  readonly foot?: ComponentChildren;
}

const Item = ({ label, href, icon, isHere = false, needs }: RailItem) => (
  <li>
    <a href={href} aria-current={isHere ? "page" : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
      {needs !== undefined && needs.value > 0 && <Count {...needs} />}
    </a>
  </li>
);

const Groups = ({ groups }: Pick<RailProps, "groups">) => (
  <>
    {groups.map(({ name, items }) => (
      <div class="rail-group" key={name ?? ""}>
        {name !== undefined && <p class="rail-name">{name}</p>}
        <ul>
          {items.map((item) => (
            <Item key={item.label} {...item} />
          ))}
        </ul>
      </div>
    ))}
  </>
);

/** At the side where there is room, behind a button of its own where there is none: both without a script. */
const Rail = ({ groups, label = "Sections", brand, foot }: RailProps) => (
  <header class="rail">
    <Brand name={brand} />
    <nav class="rail-wide" aria-label={label} data-spy="">
      <Groups groups={groups} />
    </nav>
    <details class="rail-narrow menu">
      <summary class="button button-icon">
        <Icon name="menu" />
        <span class="unseen">{label}</span>
      </summary>
      <nav class="menu-list" aria-label={label}>
        <Groups groups={groups} />
      </nav>
    </details>
    {foot !== undefined && <div class="rail-foot">{foot}</div>}
  </header>
);

export interface EnvironmentSwitchProps {
  readonly kind: "live" | "test";
  readonly label?: string;
  readonly liveHref: string;
  readonly testHref: string;
}

/** Yolk on `test`, so that nobody mistakes one for the other. */
export const EnvironmentSwitch = ({ kind, liveHref, testHref, label = "Environment" }: EnvironmentSwitchProps) => (
  <nav class="segments environment" aria-label={label}>
    <a href={liveHref} aria-current={kind === "live" ? "true" : undefined}>
      live
    </a>
    <a href={testHref} class="environment-test" aria-current={kind === "test" ? "true" : undefined}>
      test
    </a>
  </nav>
);

export interface SearchProps {
  readonly action: string;
  readonly placeholder?: string;
  readonly value?: string;
}

/** One search that understands any id. The key `/` leads here. */
export const Search = ({ action, placeholder = "Find a member, event, delivery, any id", value }: SearchProps) => (
  <search class="search">
    <form action={action} method="get">
      <Icon name="search" />
      <input
        type="search"
        name="q"
        aria-label={placeholder}
        placeholder={placeholder}
        value={value}
        autocomplete="off"
        spellcheck={false}
        data-search-key="/"
      />
      <span class="keycap" aria-hidden="true">
        /
      </span>
    </form>
  </search>
);

export interface TopBarProps {
  readonly workspace: ComponentChildren;
  readonly environment: EnvironmentSwitchProps;
  readonly search: SearchProps;
  /** The live feed's state, the account. */
  readonly children?: ComponentChildren;
}

const TopBar = ({ workspace, environment, search, children }: TopBarProps) => (
  <section class={environment.kind === "test" ? "topbar topbar-test" : "topbar"} aria-label="Workspace and search">
    <div class="topbar-workspace">{workspace}</div>
    <EnvironmentSwitch {...environment} />
    <Search {...search} />
    <div class="topbar-end">{children}</div>
  </section>
);

export interface ShellProps {
  readonly rail: RailProps;
  readonly topBar?: TopBarProps;
  /** What is true of the whole page: banners. */
  readonly banner?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of every page that people work on. */
export const Shell = ({ rail, topBar, banner, children }: ShellProps) => (
  <>
    {banner}
    <div class="shell">
      <Rail {...rail} />
      <div class="shell-main">
        {topBar !== undefined && <TopBar {...topBar} />}
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  </>
);
