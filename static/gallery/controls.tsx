/** @jsxImportSource preact */
import { Button, ButtonLink } from "../ui/button.tsx";
import { Chip, Count } from "../ui/chip.tsx";
import { Check, Choice, Field, Select, TextArea } from "../ui/field.tsx";
import { Form, FormActions } from "../ui/form.tsx";
import { PasswordField } from "../ui/password-field.tsx";
import { Segments, Tabs } from "../ui/tabs.tsx";
import { ThemeSwitch } from "../ui/theme-switch.tsx";
import { Both, Row, Specimen, Stack } from "./specimen.tsx";

const Buttons = () => (
  <Stack>
    <Row>
      <Button kind="primary">Send a test event</Button>
      <Button>Copy as curl</Button>
      <Button kind="danger">Delete the endpoint</Button>
      <Button kind="quiet">Show the reasons</Button>
    </Row>
    <Row>
      <Button icon="pause">Pause</Button>
      <Button icon="more" label="What else can be done" />
      <Button isSmall>Replay</Button>
      <ButtonLink href="#buttons" icon="out">
        Open the trace
      </ButtonLink>
    </Row>
    <Row>
      <Button kind="primary" isBusy>
        Sending
      </Button>
      <Button isDisabled>Nothing to replay</Button>
      <Button isPressed icon="filter">
        Only failed
      </Button>
    </Row>
  </Stack>
);

const CHIPS = [
  ["ok", "delivered"],
  ["ok", "3 of 3"],
  ["warn", "retry in 4 min"],
  ["bad", "failed: 401"],
  ["bad", "paused"],
  ["plain", "none"],
  ["plain", "live"],
  ["yolk", "test"],
  ["yolk", "level adept"],
  ["accent", "new type"],
] as const;

const Fields = ({ scheme }: { readonly scheme: string }) => (
  <Form action="#fields" csrf="sample" isCard>
    <Field
      id={`endpoint-${scheme}`}
      label="Endpoint"
      type="url"
      help="Where deliveries go. It must be reachable over https."
      placeholder="https://example.com/webhooks/hatch"
    />
    <Field
      id={`email-${scheme}`}
      label="Your e-mail address"
      type="email"
      value="nobody"
      fault="Must be an e-mail address."
      help="You sign in with it."
      autocomplete="off"
    />
    <PasswordField
      id={`password-${scheme}`}
      label="Your password"
      help="It can be looked at while it is typed."
      autocomplete="off"
      required={false}
    />
    <Field id={`note-${scheme}`} label="What it is for" required={false} help="Shown in lists." />
    <TextArea
      id={`when-${scheme}`}
      label="Fires when"
      value="event.properties.score >= 60"
      isCode
      rows={2}
      fault="progress.balance is not known. Did you mean progress.balances?"
    />
    <Select
      id={`window-${scheme}`}
      label="Window"
      value="week"
      options={[
        { value: "day", label: "A day" },
        { value: "week", label: "A week" },
        { value: "month", label: "A month" },
      ]}
    />
    <Choice
      name={`kind-${scheme}`}
      label="Kind of currency"
      value="progress"
      options={[
        { value: "progress", label: "Progress", help: "Only ever grows: levels and boards are made of it." },
        { value: "spendable", label: "Spendable", help: "Can be given for rewards, and may expire." },
      ]}
    />
    <Check
      id={`forward-${scheme}`}
      label="Forward to subscribers"
      help="They receive the event as it came in."
      isChecked
    />
    <Field
      id={`id-${scheme}`}
      label="Id"
      value="sub_01kag6w8zq4d6c2x9mhs7ykt3e"
      readOnly
      help="Made by Hatch, for ever."
    />
    <Field id={`off-${scheme}`} label="Signing secret" value="Shown once, when it was made" disabled />
    <FormActions>
      <Button type="submit" kind="primary">
        Save the endpoint
      </Button>
      <Button>Not now</Button>
    </FormActions>
  </Form>
);

export const Controls = () => (
  <>
    <Specimen
      id="buttons"
      title="Buttons"
      text="One primary act on a page. What destroys repeats its verb. What only leads somewhere is a link. A button at work keeps its size and takes no second click."
    >
      <Both>{() => <Buttons />}</Both>
    </Specimen>
    <Specimen
      id="chips"
      title="Chips"
      text="A dot and a word, never colour alone; they never wrap. A red number counts only what needs a person."
    >
      <Both>
        {() => (
          <Row>
            {CHIPS.map(([tone, words]) => (
              <Chip key={words} tone={tone}>
                {words}
              </Chip>
            ))}
            <Count value={1} label="endpoint needs a person" />
            <Count value={128} label="refused events" />
          </Row>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="tabs"
      title="Tabs, segments, colours"
      text="Parts of one thing have addresses of their own, so they can be linked. Segments show one thing in several measures. The colours are kept in the browser alone."
    >
      <Both>
        {(scheme) => (
          <Stack>
            <Tabs
              label={`Parts of a subscription, ${scheme}`}
              tabs={[
                { label: "Deliveries", href: "#tabs", isHere: true },
                { label: "Health", href: "#tabs" },
                { label: "Settings", href: "#tabs" },
              ]}
            />
            <Row>
              <Segments
                label={`Window, ${scheme}`}
                tabs={["1 h", "24 h", "7 d", "30 d"].map((label, index) => ({
                  label,
                  href: "#tabs",
                  isHere: index === 1,
                }))}
              />
              <ThemeSwitch />
            </Row>
          </Stack>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="fields"
      title="Fields and forms"
      text="The label above, help below, what is wrong in words beside the field, never only red. A form posts without a script and comes back with what was typed; secrets never come back."
    >
      <Both>{(scheme) => <Fields scheme={scheme} />}</Both>
    </Specimen>
  </>
);
