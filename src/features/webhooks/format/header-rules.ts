export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
/** Visible ASCII with blanks inside: no line break can start a header of its own. */
export const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** Those that say how the bytes travel: nobody chooses them. */
const OF_THE_TRANSPORT =
  /^(?:proxy-.*|sec-.*|content-(?:type|length|encoding|md5)|host|connection|keep-alive|user-agent|transfer-encoding|te|trailer|upgrade|http2-settings|expect|accept-encoding|traceparent|tracestate|date|x-forwarded-.*|forwarded|via|x-real-ip|x-http-method(?:-override)?|x-method-override)$/i;
/** Those that say what a delivery is and who sent it. */
const OF_A_DELIVERY = /^(?:x-hatch-.*|webhook-.*)$/i;

/** Whether a header of a subscription's own may have this name. */
export const isReservedHeader = (name: string): boolean => OF_THE_TRANSPORT.test(name) || OF_A_DELIVERY.test(name);

/** Whether a signature may have this name: there those of a delivery are what is chosen. */
export const isTransportHeader = (name: string): boolean => OF_THE_TRANSPORT.test(name);
