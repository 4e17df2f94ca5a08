/** Stands in the note of each version that came from a file, so that the list of versions tells who owns the program. */
const FROM_FILE = "from the configuration file";

export const noteFromFile = (note?: string): string =>
  note === undefined ? "From the configuration file." : `${note} (${FROM_FILE})`;

export const isFromFile = (note: string | null): boolean => note?.toLowerCase().includes(FROM_FILE) === true;
