import { describeWayOfAnEvent } from "./way-of-an-event.ts";

describeWayOfAnEvent("sqlite");
