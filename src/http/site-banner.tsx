/** @jsxImportSource preact */
import { renderToString } from "preact-render-to-string";
import { Button } from "../../static/ui/button.tsx";
import { ImpersonationBanner, InsecureCookiesBanner } from "../../static/ui/notice.tsx";
import type { UnixMs } from "../kernel/units.ts";
import type { Acting } from "./exchange.ts";

export interface BannerParts {
  /** `endAt` is what is posted to so that it ends. */
  readonly acting: { readonly who: Acting; readonly csrf: string; readonly endAt: string } | undefined;
  readonly isInsecure: boolean;
  readonly now: UnixMs;
}

const End = ({ csrf, endAt }: { readonly csrf: string; readonly endAt: string }) => (
  <form method="post" action={endAt} data-once="">
    <input type="hidden" name="csrf" value={csrf} />
    <Button type="submit" isSmall>
      End it now
    </Button>
  </form>
);

/** What is true of every page that this browser is shown. */
export const renderBanners = ({ acting, isInsecure, now }: BannerParts): string =>
  renderToString(
    <>
      {acting && <ImpersonationBanner {...acting.who} now={now} end={<End {...acting} />} />}
      {isInsecure && <InsecureCookiesBanner />}
    </>,
  );
