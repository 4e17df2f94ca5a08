import * as v from "valibot";

/** A field with its sentence. */
export const said = <const S extends v.GenericSchema>(schema: S, text: string) => v.pipe(schema, v.description(text));

const Time = v.pipe(v.string(), v.metadata({ format: "date-time" }));

export const time = (text: string) => said(Time, text);
export const timeOrNull = (text: string) => said(v.nullable(Time), text);
export const text = (sentence: string) => said(v.string(), sentence);
export const textOrNull = (sentence: string) => said(v.nullable(v.string()), sentence);
export const whole = (sentence: string) => said(v.pipe(v.number(), v.integer()), sentence);
export const json = (sentence: string) => said(v.record(v.string(), v.unknown()), sentence);

/** What a list answers. */
export const page = <const S extends v.GenericSchema>(entry: S) =>
  v.object({
    data: v.array(entry),
    next: said(v.nullable(v.string()), "Pass it as `after` to go on; `null` at the end."),
  });
