/** A way to sign of a receiver's own. Names in braces are filled in: `{timestamp}.{body}`. */
export interface SignatureTemplate {
  readonly algorithm?: "sha256" | "sha384" | "sha512" | "sha1";
  readonly encoding?: "hex" | "base64";
  /** The secret's own characters if `text`, the key that Standard Webhooks makes of them if `standard`. */
  readonly key?: "text" | "standard";
  /** What is signed; has to hold `{body}`. */
  readonly content: string;
  /** How each of several signatures is written in `{signatures}`. */
  readonly each?: string;
  /** What stands between them. */
  readonly join?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type WebhookSignature = "default" | "standard" | "github" | "stripe" | SignatureTemplate;

type PresetName = "slack" | "discord" | "telegram" | "ntfy";

export interface WebhookPreset {
  readonly name: PresetName;
  /** Telegram. */
  readonly chatId?: string;
  readonly threadId?: number;
  /** ntfy: 1 to 5. */
  readonly priority?: number;
  readonly tags?: readonly string[];
}

/** How what is sent is made to fit its receiver; `null` takes a setting away. */
export interface FormatChange {
  readonly signature?: WebhookSignature | null;
  /** A CEL condition over `event`. */
  readonly filter?: string | null;
  /** A CEL expression over `event` that makes the body. */
  readonly payload?: string | null;
  readonly contentType?: string | null;
  readonly preset?: PresetName | WebhookPreset | null;
}

export interface ShownFormat {
  readonly signature: WebhookSignature;
  readonly secretPrefix: string;
  readonly filter: string | null;
  readonly payload: string | null;
  readonly contentType: string | null;
  readonly preset: WebhookPreset | null;
}

export interface PreviewChange extends FormatChange {
  readonly endpoint?: string;
  readonly events?: readonly string[];
  readonly headers?: Readonly<Record<string, string>> | null;
  /** The id of an outbound event, or a type; the latest that is wanted, if not given. */
  readonly event?: string;
}

export interface PreviewSettings extends PreviewChange {
  readonly mode?: "push" | "pull";
  readonly events: readonly string[];
}

/** What would be sent. */
export interface WebhookPreview {
  readonly event: {
    readonly id: string;
    readonly name: string;
    readonly timestamp: string;
    /** One of yours, or the catalogue's example. */
    readonly source: "sent" | "example";
  };
  /** What the filter says; null where there is none or it failed. */
  readonly passes: boolean | null;
  /** Why nothing would be sent. */
  readonly fault: string | null;
  readonly request: {
    readonly method: "POST";
    readonly url: string | null;
    /** Signatures and the values of your own are masked. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly bytes: number;
    readonly sha256: string;
  } | null;
  readonly warnings: readonly string[];
}
