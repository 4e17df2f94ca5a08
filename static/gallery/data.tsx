/** @jsxImportSource preact */
import { Button } from "../ui/button.tsx";
import { Card, Stat, Stats } from "../ui/card.tsx";
import { Chart } from "../ui/chart.tsx";
import { Code } from "../ui/code.tsx";
import { CodeBlock, CodeTabs } from "../ui/code-block.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { ShortId } from "../ui/short-id.tsx";
import { Pagination, Table } from "../ui/table.tsx";
import { Segments } from "../ui/tabs.tsx";
import { DELIVER_SAMPLES } from "./code-samples.ts";
import { HAPPENING_COLUMNS } from "./happening-columns.tsx";
import { CHART_LABELS, CHART_SERIES, HAPPENING, SAMPLE_NOW } from "./samples.ts";
import { Both, Row, Specimen, Stack } from "./specimen.tsx";
import { SampleAttempt, SampleTrace } from "./trace-parts.tsx";

export const SampleStats = () => (
  <Stats>
    <Stat label="Events, last hour" value="12,480" note="208 per minute, 6 refused" />
    <Stat label="Delivered first time" value="99.2 %" note="p95 38 ms after the answer" />
    <Stat label="Waiting" value="37" note="36 retries, 1 held by a limit" href="#main" />
    <Stat label="Members active today" value="843" note="112 streaks end at midnight" />
  </Stats>
);

export const SampleChart = ({ id }: { readonly id: string }) => (
  <Card
    id={`${id}-card`}
    title="Events and deliveries"
    aside={
      <Segments
        label={`Window of the chart ${id}`}
        tabs={["1 h", "24 h", "7 d", "30 d"].map((label, index) => ({ label, href: `#${id}`, isHere: index === 1 }))}
      />
    }
  >
    <Chart
      id={id}
      label="Events and failed attempts per half hour, last 24 hours"
      axis="Time"
      labels={CHART_LABELS}
      series={CHART_SERIES}
    />
  </Card>
);

const Moments = () => (
  <Row>
    {[-4 * 60_000, -3 * 3_600_000, -9 * 86_400_000, -40 * 86_400_000, 4 * 60_000].map((distance) => (
      <span key={distance} class="muted">
        <RelativeTime at={SAMPLE_NOW + distance} now={SAMPLE_NOW} isStill />
      </span>
    ))}
  </Row>
);

export const Data = () => (
  <>
    <Specimen
      id="figures"
      title="Figures"
      text="Each with its unit and its window, and below it the one fact that explains it."
    >
      <Both>{() => <SampleStats />}</Both>
    </Specimen>
    <Specimen
      id="chart"
      title="Chart"
      text="Two series at most in colour, and a dash besides. Values under the pointer and by the arrow keys; the same figures stand behind it as a table. A gap is a gap."
    >
      <Both>{(scheme) => <SampleChart id={`chart-${scheme}`} />}</Both>
    </Specimen>
    <Specimen
      id="table"
      title="Table"
      text="One line per row, and the row is the link: j and k walk, Enter opens. Figures stand at the right; what there is no room for is left out, not squeezed."
    >
      <Both>
        {(scheme) => (
          <Card
            id={`happening-${scheme}`}
            title="Happening now"
            aside={
              <Button isSmall icon="pause">
                Pause
              </Button>
            }
            isFlush
          >
            <Table
              caption={`Happening now, ${scheme}`}
              columns={HAPPENING_COLUMNS}
              rows={HAPPENING}
              keyOf={({ id }) => id}
              hrefOf={() => "/docs/gallery/trace"}
            />
            <Pagination shown="5 events of 12,480, newest first" olderHref="#table" label={`Pages, ${scheme}`} />
          </Card>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="trace"
      title="Timeline and waterfall"
      text="What became of one event, from top to bottom; yolk where something was decided. Each rule says what it gave and why, those that did not fire as well."
    >
      <Both>
        {() => (
          <Stack>
            <Card>
              <SampleTrace />
            </Card>
            <SampleAttempt />
          </Stack>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="code"
      title="Code"
      text="Copied whole, scrolled inside itself. In several languages it has tabs, and the choice holds everywhere; without a script all of them stand below each other."
    >
      <Both>
        {(scheme) => (
          <Stack>
            <CodeBlock caption={<code>POST /v1/events</code>} id={`code-${scheme}`} label={`The event, ${scheme}`}>
              <Code text={DELIVER_SAMPLES.json} language="json" />
            </CodeBlock>
            <CodeTabs
              id={`verify-${scheme}`}
              label={`Verify a delivery, ${scheme}`}
              variants={DELIVER_SAMPLES.languages.map(({ name, language, text }) => ({
                name,
                code: <Code text={text} language={language} />,
              }))}
            />
          </Stack>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="ids"
      title="Ids and times"
      text="Ids are shortened in the middle to the eye alone: they are copied, found and read out whole. Times are relative, and exact on hover in the viewer’s own zone."
    >
      <Both>
        {() => (
          <Stack>
            <Row>
              <ShortId id="dlv_01kag6w91xe0jbq4zt8n5r2mvc" what="delivery" />
              <ShortId id="user_42" what="member" />
              <ShortId id="req_01kag6w8yhf2ss0m8g3cnv5d7a" canCopy={false} />
            </Row>
            <Moments />
          </Stack>
        )}
      </Both>
    </Specimen>
  </>
);
