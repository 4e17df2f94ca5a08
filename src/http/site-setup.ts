import type { AppError, ErrorDetail } from "../kernel/errors.ts";
import { ASSETS } from "./site-assets.ts";
import { shellQuote } from "./site-code.ts";
import { type Html, html, type Piece } from "./site-html.ts";
import { codeBlock, hatchedMark, mark, renderPage } from "./site-layout.ts";

export const SETUP_FIELDS = ["token", "email", "password", "workspace"] as const;
export type SetupField = (typeof SETUP_FIELDS)[number];
/** As it came by the form; a field left empty is absent. */
export type SetupForm = Readonly<Partial<Record<SetupField, string>>>;

/** What claiming the installation gives; the keys are shown this once. */
export interface ClaimedInstallation {
  readonly workspace: { readonly id: string; readonly name: string };
  readonly environments: Readonly<Record<"live" | "test", { readonly id: string; readonly secretKey: string }>>;
  readonly account: { readonly email: string };
}

interface FieldText {
  readonly label: string;
  readonly help: string;
  readonly attributes: Html;
  /** Secrets are never sent back, not even to who typed them. */
  readonly isSecret: boolean;
}

const fieldTexts = (passwordCharactersMin: number): Readonly<Record<SetupField, FieldText>> => ({
  token: {
    label: "One-time token",
    help: "It was printed in the terminal when the server first started. Without a terminal it is in a file of the data folder, and the log says where.",
    attributes: html`type="text" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required`,
    isSecret: true,
  },
  email: {
    label: "Your e-mail address",
    help: "You become the operator of this installation and sign in with it.",
    attributes: html`type="email" autocomplete="username" maxlength="254" required`,
    isSecret: false,
  },
  password: {
    label: "Password",
    help: `At least ${passwordCharactersMin} characters. A few words in a row do well.`,
    attributes: html`type="password" autocomplete="new-password" minlength="${passwordCharactersMin}" maxlength="1000" required`,
    isSecret: true,
  },
  workspace: {
    label: "Name of the workspace",
    help: "The company or application whose events come in. It can be changed later.",
    attributes: html`type="text" autocomplete="organization" maxlength="100" required`,
    isSecret: false,
  },
});

/** What was wrong with the last try, where it belongs. */
interface Faults {
  readonly byField: ReadonlyMap<SetupField, string>;
  readonly general: string | undefined;
}

const isField = (path: string): path is SetupField => SETUP_FIELDS.some((field) => field === path);

function faultsOf(refusal: AppError | undefined): Faults {
  const byField = new Map<SetupField, string>();
  if (!refusal) return { byField, general: undefined };
  const elsewhere: ErrorDetail[] = [];
  for (const detail of refusal.details) {
    if (isField(detail.path)) byField.set(detail.path, byField.get(detail.path) ?? detail.message);
    else elsewhere.push(detail);
  }
  // A refused credential is the token: this form has no other.
  if (refusal.code === "unauthenticated") byField.set("token", refusal.message);
  return { byField, general: byField.size === 0 || elsewhere.length > 0 ? refusal.message : undefined };
}

export interface SetupPageParts {
  readonly form: SetupForm;
  readonly refusal: AppError | undefined;
  /** Token and password would cross the network readable. */
  readonly isExposed: boolean;
  readonly passwordCharactersMin: number;
}

export function renderSetup({ form, refusal, isExposed, passwordCharactersMin }: SetupPageParts): string {
  const texts = fieldTexts(passwordCharactersMin);
  const { byField, general } = faultsOf(refusal);
  const firstFault = SETUP_FIELDS.find((field) => byField.has(field));
  return renderPage({
    title: refusal ? "Not yet: set up Hatch" : "Set up Hatch",
    description: "Claim this installation of Hatch.",
    style: ASSETS.setup,
    body: html`<main id="main" class="narrow" tabindex="-1">
<header>${mark(44)}<h1>Set up this installation</h1>
<p>Nobody has claimed it yet. Whoever holds its one-time token can do so, once.</p></header>
${isExposed && html`<div class="notice notice-warn"><strong>This page came without encryption.</strong><p>What you type can be read on the way. Reach it over https, or from the machine itself, if you can.</p></div>`}
${general !== undefined && html`<div class="notice notice-bad" role="alert"><strong>That did not work.</strong><p>${general}</p></div>`}
<form class="card" method="post" action="/setup" accept-charset="utf-8">
${SETUP_FIELDS.map((field) => renderField(field, texts[field], { value: form[field], fault: byField.get(field), isFirstFault: field === firstFault }))}
<button class="button button-primary" type="submit">Claim this installation</button>
</form>
<p class="aside">Rather in a terminal? <code>hatch setup --help</code> does the same.</p>
</main>`,
  });
}

function renderField(
  field: SetupField,
  { label, help, attributes, isSecret }: FieldText,
  { value, fault, isFirstFault }: { value: string | undefined; fault: string | undefined; isFirstFault: boolean },
): Html {
  const kept = !isSecret && value !== undefined && html` value="${value}"`;
  const state = fault !== undefined && html` aria-invalid="true"`;
  const describedBy = fault === undefined ? `${field}-help` : `${field}-error ${field}-help`;
  return html`<div class="field"><label for="${field}">${label}</label>
<input id="${field}" name="${field}" ${attributes} aria-describedby="${describedBy}"${state}${kept}${isFirstFault && html` autofocus`}>
${fault !== undefined && html`<p class="field-error" id="${field}-error">${FAULT_ICON}<span>${fault}</span></p>`}
<p class="field-help" id="${field}-help">${help}</p></div>`;
}

const FAULT_ICON = html`<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false"><circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M7 3.8v3.6M7 9.9v.1" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></svg>`;

export const renderClaimed = (claimed: ClaimedInstallation, url: string): string =>
  renderPage({
    title: `${claimed.workspace.name} is ready`,
    description: "This installation of Hatch is claimed.",
    style: ASSETS.setup,
    hasCopyButtons: true,
    body: html`<main id="main" class="narrow narrow-wide" tabindex="-1">
<header>${hatchedMark(56)}<h1>${claimed.workspace.name} is ready</h1>
<p>It has two environments with a secret key each. <strong>The keys are shown this once</strong>: Hatch keeps only their hashes. Put them where you keep passwords; another one can be made at any time.</p></header>
${secretKey("test", claimed.environments.test.secretKey, "For trying things out. Event types need not be registered.")}
${secretKey("live", claimed.environments.live.secretKey, "For your users. Only registered event types are accepted.")}
<section class="next"><h2>The next step</h2>
<p>Send a first event into <code>test</code>:</p>
${codeBlock({ caption: "Terminal", code: firstCommand(claimed, url), id: "next-command", label: "The first event, as a command" })}
<p class="aside">You are the operator, as ${claimed.account.email}. Go on to <a href="/">the start page</a> or the <a href="/docs">API reference</a>.</p></section>
</main>`,
  });

const secretKey = (kind: "live" | "test", key: string, text: Piece): Html =>
  html`<section class="card key" aria-labelledby="key-${kind}-title"><h2 id="key-${kind}-title"><span class="chip${kind === "test" && " chip-yolk"}">${kind}</span> <span class="unseen">secret key</span></h2><p>${text}</p>
<div class="key-line"><code class="key-value" id="key-${kind}">${key}</code><button class="copy" type="button" data-copy="key-${kind}" aria-label="Copy the ${kind} key" hidden>Copy</button></div></section>`;

const firstCommand = ({ environments }: ClaimedInstallation, url: string): string =>
  `export HATCH_KEY=${shellQuote(environments.test.secretKey)}
curl ${url}/v1/events \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"type": "lesson_completed", "userId": "user_42",
       "properties": {"score": 94}}'`;
