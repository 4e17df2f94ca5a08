/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { FormActions } from "../../../../../static/ui/form.tsx";
import { PageHead } from "../../../../../static/ui/page-head.tsx";
import type { AppError } from "../../../../kernel/errors.ts";
import { renderSignedIn } from "../frame.tsx";
import type { Visit } from "../visit.ts";

interface FormPage {
  readonly visit: Visit;
  readonly title: string;
  readonly text: ComponentChildren;
  readonly refusal?: AppError | undefined;
  readonly children: ComponentChildren;
}

export const renderFormPage = ({ visit, title, text, refusal, children }: FormPage): Promise<string> =>
  renderSignedIn({
    visit,
    title: refusal ? `Not yet: ${title.charAt(0).toLowerCase()}${title.slice(1)}` : title,
    here: "me",
    children: (
      <>
        <PageHead crumbs={[{ label: "Your account", href: "/me" }]} here={title} title={title} text={text} />
        <div class="column">{children}</div>
      </>
    ),
  });

export const Save = ({ children }: { readonly children: ComponentChildren }) => (
  <FormActions>
    <Button type="submit" kind="primary">
      {children}
    </Button>
    <ButtonLink href="/me">Not now</ButtonLink>
  </FormActions>
);

export interface Parts {
  readonly visit: Visit;
  readonly refusal?: AppError | undefined;
}
