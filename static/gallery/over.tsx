/** @jsxImportSource preact */
import { Button } from "../ui/button.tsx";
import { Code } from "../ui/code.tsx";
import { Confirm, Dialog } from "../ui/dialog.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";
import { Menu } from "../ui/menu.tsx";
import { ImpersonationBanner, InsecureCookiesBanner, Notice } from "../ui/notice.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { LiveFeed } from "./live-feed.tsx";
import { SAMPLE_NOW } from "./samples.ts";
import { Both, Row, Specimen, Stack } from "./specimen.tsx";
import { ToastSamples } from "./toast-samples.tsx";

const Dialogs = ({ scheme }: { readonly scheme: string }) => (
  <>
    <Row>
      <Button opens={`rotate-${scheme}`}>Rotate the secret</Button>
      <Button opens={`delete-${scheme}`}>Delete the endpoint</Button>
      <Button opens={`erase-${scheme}`}>Erase the member</Button>
    </Row>
    <Dialog
      id={`rotate-${scheme}`}
      title="Rotate the secret of crm.riverside.example"
      actions={
        <>
          <Button kind="primary" closes={`rotate-${scheme}`}>
            Rotate the secret
          </Button>
          <Button closes={`rotate-${scheme}`}>Not now</Button>
        </>
      }
    >
      <p>
        A new secret is shown once. The old one goes on for 24 hours, and every delivery is signed with both until then.
      </p>
    </Dialog>
    <Confirm
      id={`delete-${scheme}`}
      action="#dialogs"
      csrf="sample"
      title="Delete the endpoint crm.riverside.example"
      verb="Delete the endpoint"
    >
      <p>Its 36 waiting deliveries are canceled. What was delivered stays in the log for 400 days.</p>
    </Confirm>
    <Confirm
      id={`erase-${scheme}`}
      action="#dialogs"
      csrf="sample"
      title="Erase the member user_42"
      verb="Erase the member"
      typed="user_42"
    >
      <p>Everything that is known of them goes, in every table and every backup from now on. There is no way back.</p>
    </Confirm>
  </>
);

const Menus = () => (
  <Row>
    <Menu label="More">
      <a href="#menus">
        <Icon name="out" />
        Open the trace
      </a>
      <button type="button">
        <Icon name="undo" />
        Replay the delivery
      </button>
      <hr />
      <button type="button" class="menu-danger">
        <Icon name="cross" />
        Cancel the delivery
      </button>
    </Menu>
    <Menu label="Ada Lovelace" isSmall>
      <a href="#menus">Your account</a>
      <a href="#menus">Sign out</a>
    </Menu>
  </Row>
);

export const Over = () => (
  <>
    <Specimen
      id="dialogs"
      title="Dialogs"
      text="They name the thing and say what will happen; the button repeats the verb. What can’t be undone is typed first. Escape is a way out, and the focus goes back to where it came from."
    >
      <Both>{(scheme) => <Dialogs scheme={scheme} />}</Both>
    </Specimen>
    <Specimen
      id="menus"
      title="Menus"
      text="What else can be done. They open without a script; with one, Escape and a click elsewhere close them."
    >
      <Both>{() => <Menus />}</Both>
    </Specimen>
    <Specimen
      id="toasts"
      title="Toasts"
      text="What was done, with the way back where there is one. They wait while somebody points at them. What must not be missed stands on the page instead."
    >
      <ToastSamples />
    </Specimen>
    <Specimen
      id="notices"
      title="Notices and banners"
      text="A notice says the cause and the next step. A banner stands above everything for as long as it is true, and can’t be waved away."
    >
      <Both>
        {() => (
          <Stack>
            <Notice title="Nothing is sent yet.">
              The program is a draft. Publish it, and events count from then on.
            </Notice>
            <Notice tone="ok" title="The backup opens.">
              It was read back a minute ago: 18,204 members, 2.1 million events.
            </Notice>
            <Notice tone="warn" title="The secret changes tomorrow.">
              crm.riverside.example still answers with the old one. Give it the new one before 14:00.
            </Notice>
            <Notice tone="bad" title="It refuses the signature.">
              Check that it uses the raw body and the current secret; the old one ended yesterday.
            </Notice>
          </Stack>
        )}
      </Both>
      <div class="framed">
        <ImpersonationBanner
          operator="ada@riverside.example"
          person="ben@riverside.example"
          readOnly
          endsAt={SAMPLE_NOW + 14 * 60_000}
          now={SAMPLE_NOW}
          isStill
          end={<Button isSmall>End it now</Button>}
        />
        <InsecureCookiesBanner />
      </div>
    </Specimen>
    <Specimen
      id="empty"
      title="Nothing yet, and on its way"
      text="An empty list says what it is, why it is empty, and the one next step as a command. A skeleton appears after 200 ms, so that what is quick never flickers; never on a whole page."
    >
      <Both>
        {(scheme) => (
          <Stack>
            <div class="card">
              <EmptyState
                title="No deliveries yet"
                command={{
                  id: `empty-${scheme}`,
                  label: `Subscribe an endpoint, ${scheme}`,
                  text: <Code text={SUBSCRIBE} language="shell" />,
                }}
              >
                A delivery is made when an event concerns a subscription, and this environment has none.
              </EmptyState>
            </div>
            <div class="card framed-air">
              <Skeleton label="Deliveries" lines={4} />
            </div>
          </Stack>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="live"
      title="What moves"
      text="Pages are written by the server and stand without a script. What moves is an island: written like all else, taken over by the browser."
    >
      <LiveFeed />
    </Specimen>
  </>
);

const SUBSCRIBE = `curl https://hatch.riverside.example/v1/webhooks \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"endpoint": "https://example.com/hatch", "events": ["points.*"]}'`;
