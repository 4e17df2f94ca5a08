/** @jsxImportSource preact */
import { Button } from "../ui/button.tsx";
import { Chip } from "../ui/chip.tsx";
import { PageHead } from "../ui/page-head.tsx";
import { EnvironmentSwitch, Search } from "../ui/shell.tsx";
import { Both, Row, Specimen, Stack } from "./specimen.tsx";

export const FrameParts = () => (
  <Specimen
    id="frame"
    title="Frame"
    text={
      <>
        The rail groups by what people do. The switch turns yolk on <code>test</code>, and so does the line below the
        bar. One search understands any id. See them together: <a href="/docs/gallery/overview">an overview</a>,{" "}
        <a href="/docs/gallery/trace">a trace</a>.
      </>
    }
  >
    <Both>
      {(scheme) => (
        <Stack>
          <PageHead
            as="h2"
            title="All well, one endpoint needs a look"
            text={
              <>
                Oldest thing waiting: 4 min, at <code>crm.riverside.example</code>. Everything else left within a
                second.
              </>
            }
            actions={<Button kind="primary">Send a test event</Button>}
          />
          <Row>
            <EnvironmentSwitch label={`Live, ${scheme}`} kind="live" liveHref="#frame" testHref="#frame" />
            <EnvironmentSwitch label={`Test, ${scheme}`} kind="test" liveHref="#frame" testHref="#frame" />
            <Chip tone="ok">live feed on</Chip>
          </Row>
          <Search action="#frame" />
        </Stack>
      )}
    </Both>
  </Specimen>
);
