/** Imported as text: the page runs it, not we. */
declare const text: string;
export default text;
